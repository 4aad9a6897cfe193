import { setTimeout as sleep } from 'node:timers/promises';
import { expect, it } from 'vitest';
import { FLOW, HEATER, rigToml } from '../rig/bench-rigs.ts';
import { waitUntil } from '../rig/wait-until.ts';
import { withWorkbench } from '../rig/workbench.ts';

it('the next run starts while the last one is sealed, and both verify', () =>
  withWorkbench({ instruments: [FLOW, HEATER] }, async ({ kiosk }) => {
    await kiosk.loadRig(rigToml());
    await kiosk.devicesPoll(['flow', 'heater']);
    const first = await kiosk.start();
    await sleep(3000);
    await kiosk.stop();
    const second = await waitUntil('a start to be taken', 30_000, async () => {
      const result = await kiosk.tryStart();
      return result.ok ? result.runId : null;
    });
    await kiosk.phase('running');
    await sleep(3000);
    await kiosk.stop();
    await kiosk.sealed();
    expect(second).not.toBe(first);
    await waitUntil('both to be sealed', 30_000, async () => {
      const sealed = (await kiosk.bundles()).filter((bundle) => bundle.bundle_status === 'sealed');
      return sealed.length === 2;
    });
    for (const runId of [first, second])
      expect(await kiosk.verify(runId)).toMatchObject({ integrity: 'ok', problems: [] });
  }));

import { setTimeout as sleep } from 'node:timers/promises';
import { expect, it } from 'vitest';
import { FLOW, rigToml } from '../rig/bench-rigs.ts';
import { waitUntil } from '../rig/wait-until.ts';
import { withWorkbench } from '../rig/workbench.ts';

it('a first start waits until its files are 60 s old and says why', () =>
  withWorkbench({ instruments: [FLOW] }, async (bench) => {
    const { kiosk } = bench;
    await kiosk.loadRig(rigToml({ instruments: [FLOW] }));
    await kiosk.devicesPoll(['flow']);
    await kiosk.slotsReady();
    const bornMs = Date.now();
    const refused = await kiosk.tryStart({ armNow: false });
    expect(refused).toMatchObject({ ok: false, code: 'slots_young' });
    expect(refused.ok ? '' : refused.detail).toMatch(/\d+ s/);
    expect((await kiosk.state()).health.recorder?.armInS).toBeGreaterThan(10);

    await waitUntil(
      'aged slots',
      90_000,
      async () => (await kiosk.state()).health.recorder?.armInS === 0,
      async () => (await kiosk.state()).health.recorder,
      500,
    );
    expect(Date.now() - bornMs).toBeGreaterThan(40_000);
    const runId = await kiosk.start({ armNow: false });
    await sleep(2000);
    await kiosk.stop();
    await kiosk.sealed();
    const bundle = await bench.carryAway(runId);
    expect(bundle.manifest()).toMatchObject({ arming: { waiver: 'none' } });
    expect(bundle.events().map((row) => row['kind'])).not.toContain('recorder.arming_waived');
  }));

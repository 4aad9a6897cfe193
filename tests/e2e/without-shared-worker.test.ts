import { expect, it } from 'vitest';
import { FLOW, HEATER, rigToml } from '../rig/bench-rigs.ts';
import { withWorkbench } from '../rig/workbench.ts';

it('where SharedWorker is missing the page runs the conductor itself, and a run seals', () =>
  withWorkbench({ instruments: [FLOW, HEATER] }, async ({ kiosk }) => {
    await kiosk.page.addInitScript(() => Reflect.deleteProperty(globalThis, 'SharedWorker'));
    await kiosk.reload();
    expect(await kiosk.page.evaluate(() => 'SharedWorker' in globalThis)).toBe(false);
    await kiosk.loadRig(rigToml());
    // The conductor the first page started holds the lock until it has been without pages for 30 s.
    await kiosk.devicesPoll(['flow', 'heater'], 90_000);
    const runId = await kiosk.start({ durationS: 3 });
    await kiosk.sealed();
    expect(await kiosk.verify(runId)).toMatchObject({ integrity: 'ok', problems: [] });
  }));

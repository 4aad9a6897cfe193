import { setTimeout as sleep } from 'node:timers/promises';
import { expect, it } from 'vitest';
import { FLOW, HEATER, rigToml } from '../rig/bench-rigs.ts';
import { failedBySha256sum } from '../rig/readers/sha256sum.ts';
import { metadataOf, RunJournal } from '../rig/run-journal.ts';
import { waitUntil } from '../rig/wait-until.ts';
import { withWorkbench } from '../rig/workbench.ts';

it('when the page crashes, a new tab finds the run open and goes on with it', () =>
  withWorkbench({ instruments: [FLOW, HEATER] }, async (bench) => {
    const crashed = bench.kiosk;
    await crashed.loadRig(rigToml());
    await crashed.devicesPoll(['flow', 'heater']);
    const runId = await crashed.start();
    await sleep(3000);
    const before = await crashed.state();
    const gone = crashed.page.waitForEvent('crash');
    await crashed.page.goto('chrome://crash').catch(() => undefined); // never arrives
    await gone;

    bench.kiosk = await bench.tab();
    await crashed.page.close();
    await waitUntil('the new tab to own the rig', 15_000, async () => (await bench.kiosk.state()).owner);
    expect((await bench.kiosk.state()).run.state).toMatchObject({ phase: 'running', runId });
    await bench.kiosk.devicesPoll(['flow', 'heater']);
    await sleep(2000);
    await bench.kiosk.stop();
    await bench.kiosk.sealed();

    const bundle = await bench.carryAway(runId);
    const journal = await RunJournal.read(bundle);
    expect(journal.laneFaults()).toEqual([]);
    expect(journal.items.length).toBeGreaterThan(before.health.recorder?.dataRecorded ?? Infinity);
    const gaps = journal.eventsOf('recording.gap').map((row) => metadataOf(row)['device']);
    expect(gaps).toEqual(expect.arrayContaining(['flow', 'heater']));
    expect(failedBySha256sum(bundle.path)).toEqual([]);
    expect(bundle.manifest()).toMatchObject({ run_status: 'aborted', bundle_status: 'sealed' });
  }));

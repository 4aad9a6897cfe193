import { setTimeout as sleep } from 'node:timers/promises';
import { expect, it } from 'vitest';
import { FLOW, HEATER, rigToml } from '../rig/bench-rigs.ts';
import { sharedWorkerProcesses } from '../rig/chromium-process.ts';
import { failedBySha256sum } from '../rig/readers/sha256sum.ts';
import { RunJournal } from '../rig/run-journal.ts';
import { waitUntil } from '../rig/wait-until.ts';
import { withWorkbench } from '../rig/workbench.ts';

it('a conductor killed mid-run is replaced, and nothing is lost or doubled', () =>
  withWorkbench({ instruments: [FLOW, HEATER] }, async (bench) => {
    const { kiosk, chromium } = bench;
    await kiosk.loadRig(rigToml());
    await kiosk.devicesPoll(['flow', 'heater']);
    const runId = await kiosk.start();
    await kiosk.note('before the death');
    await sleep(3000);
    const before = await kiosk.state();
    const conductor = await chromium.killConductor();

    await waitUntil(
      'another conductor with the same run',
      20_000,
      async () => {
        // A call that is under way when the conductor dies is refused, as it should be.
        const phase = await kiosk.state().then(
          ({ run }) => run.state.phase,
          () => null,
        );
        const [now] = sharedWorkerProcesses(chromium.profile);
        return now !== undefined && now !== conductor && phase === 'running';
      },
      () => kiosk.state().then(({ run }) => run),
    );
    expect((await kiosk.state()).run.state).toMatchObject({ phase: 'running', runId });
    await kiosk.devicesPoll(['flow', 'heater']);
    await kiosk.note('after the death');
    await sleep(3000);
    await kiosk.stop();
    await kiosk.sealed();

    const bundle = await bench.carryAway(runId);
    const journal = await RunJournal.read(bundle);
    expect(journal.laneFaults()).toEqual([]);
    expect(journal.items.length).toBeGreaterThan(before.health.recorder?.dataRecorded ?? Infinity);
    // The instruments went on by themselves: the conductor is not in the way of a poll.
    expect(journal.longestGapS('flow')).toBeLessThan(1);
    expect(journal.longestGapS('heater')).toBeLessThan(1);
    expect(journal.eventsOf('operator.note').map((row) => row['message'])).toEqual([
      'before the death',
      'after the death',
    ]);
    expect(failedBySha256sum(bundle.path)).toEqual([]);
    expect(bundle.manifest()).toMatchObject({ run_status: 'aborted', bundle_status: 'sealed' });
  }));

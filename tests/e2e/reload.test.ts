import { setTimeout as sleep } from 'node:timers/promises';
import { expect, it } from 'vitest';
import { FLOW, HEATER, rigToml } from '../rig/bench-rigs.ts';
import { failedBySha256sum } from '../rig/readers/sha256sum.ts';
import { metadataOf, RunJournal } from '../rig/run-journal.ts';
import { withWorkbench } from '../rig/workbench.ts';

it('a reload of the page mid-run costs a recorded gap and nothing that was recorded', () =>
  withWorkbench({ instruments: [FLOW, HEATER] }, async (bench) => {
    const { kiosk } = bench;
    await kiosk.loadRig(rigToml());
    await kiosk.devicesPoll(['flow', 'heater']);
    const runId = await kiosk.start();
    await kiosk.note('before the reload');
    await sleep(4000);
    const before = await kiosk.state();
    const eventsBefore = await kiosk.runEvents();
    expect(before.health.recorder?.dataRecorded ?? 0).toBeGreaterThan(50);

    await kiosk.reload();
    const after = await kiosk.phase('running');
    expect(after.run.state).toMatchObject({ runId });
    await kiosk.devicesPoll(['flow', 'heater']);
    await kiosk.note('after the reload');
    await sleep(3000);
    await kiosk.stop();
    await kiosk.sealed();

    const bundle = await bench.carryAway(runId);
    const journal = await RunJournal.read(bundle);
    expect(bundle.parts().length).toBeGreaterThan(1);
    expect(journal.laneFaults()).toEqual([]);
    expect(journal.items.length).toBeGreaterThan(before.health.recorder?.dataRecorded ?? Infinity);
    expect(eventsBefore.length).toBeGreaterThan(2);
    for (const event of eventsBefore)
      expect(journal.events.find((row) => row['id'] === event.id)).toMatchObject({
        kind: event.kind,
        message: event.message,
        t_mono_ns: event.tMonoNs,
      });
    const gaps = journal.eventsOf('recording.gap').map(metadataOf);
    for (const device of ['flow', 'heater']) {
      const gap = gaps.find((metadata) => metadata['device'] === device);
      expect(gap, `gap of ${device}`).toBeDefined();
      expect(Number(gap?.['gap_s'])).toBeLessThan(5);
      expect(Number(gap?.['gap_s'])).toBeCloseTo(journal.longestGapS(device), 0);
    }
    expect(journal.eventsOf('operator.note').map((row) => row['message'])).toEqual([
      'before the reload',
      'after the reload',
    ]);
    expect(failedBySha256sum(bundle.path)).toEqual([]);
  }));

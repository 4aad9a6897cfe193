import { setTimeout as sleep } from 'node:timers/promises';
import { expect, it } from 'vitest';
import { FLOW, FLOW_WIRE, HEATER, HEATER_WIRE, rigToml } from '../rig/bench-rigs.ts';
import { RunJournal } from '../rig/run-journal.ts';
import { exchangesOf, findSlice } from '../rig/wire-slice.ts';
import { withWorkbench } from '../rig/workbench.ts';

const BLOCK_MS = 10_000;

it('a page whose main thread is busy for 10 s loses no sample', () =>
  withWorkbench({ instruments: [FLOW, HEATER] }, async (bench) => {
    const { kiosk, instruments } = bench;
    await kiosk.loadRig(rigToml());
    await kiosk.devicesPoll(['flow', 'heater']);
    const runId = await kiosk.start();
    await sleep(1000);
    await kiosk.page.evaluate((ms) => {
      const end = performance.now() + ms;
      while (performance.now() < end);
    }, BLOCK_MS);
    await sleep(1000);
    await kiosk.stop();
    await kiosk.sealed();

    const journal = await RunJournal.read(await bench.carryAway(runId));
    const zeroMs = journal.utcMsOf('run.started');
    for (const [device, port, perPoll] of [
      ['flow', FLOW_WIRE, 1],
      ['heater', HEATER_WIRE, 2],
    ] as const) {
      const slice = findSlice(await instruments.wire(device), journal.wire(port), zeroMs);
      if (slice === null) throw new Error(`bytes of ${port} are missing`);
      expect(journal.records(device).length).toBe(exchangesOf(slice.entries).length);
      expect(journal.records(device).length).toBeGreaterThan(
        (BLOCK_MS / 1000) * (device === 'flow' ? 10 : 5) * perPoll,
      );
      expect(journal.longestGapS(device)).toBeLessThan(1);
    }
    expect(journal.eventsOf('recording.gap')).toEqual([]);
    expect(journal.laneFaults()).toEqual([]);
  }));

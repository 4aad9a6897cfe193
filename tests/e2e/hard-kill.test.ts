import { setTimeout as sleep } from 'node:timers/promises';
import { expect, it } from 'vitest';
import { FLOW, HEATER, rigToml } from '../rig/bench-rigs.ts';
import { failedBySha256sum } from '../rig/readers/sha256sum.ts';
import { RunJournal } from '../rig/run-journal.ts';
import { waitUntil } from '../rig/wait-until.ts';
import { withWorkbench } from '../rig/workbench.ts';

it('after SIGKILL of the browser mid-run everything acknowledged is there, sealed as crashed', () =>
  withWorkbench({ instruments: [FLOW, HEATER] }, async (bench) => {
    await bench.kiosk.loadRig(rigToml());
    await bench.kiosk.devicesPoll(['flow', 'heater']);
    const runId = await bench.kiosk.start();
    await sleep(4000);
    await bench.kiosk.note('the last words');
    await bench.kiosk.eventOf('operator.note', 5000);
    const acknowledged = (await bench.kiosk.state()).health.recorder?.dataRecorded ?? 0;
    const events = await bench.kiosk.runEvents();
    expect(acknowledged).toBeGreaterThan(50);
    await bench.chromium.kill();

    await bench.launch();
    const row = await waitUntil(
      'the crashed run to be sealed',
      60_000,
      async () =>
        (await bench.kiosk.bundles()).find(
          (bundle) => bundle.run_id === runId && bundle.bundle_status === 'sealed',
        ),
      async () => [await bench.kiosk.bundles(), (await bench.kiosk.state()).run],
    );
    expect(row).toMatchObject({ run_status: 'crashed', integrity_status: 'ok' });
    const bundle = await bench.carryAway(runId);
    expect(bundle.manifest()).toMatchObject({ run_status: 'crashed', bundle_status: 'sealed' });
    expect(bundle.manifest().exit_reason).toContain('recovered after hard exit');
    const journal = await RunJournal.read(bundle);
    expect(journal.items.length).toBeGreaterThanOrEqual(acknowledged);
    expect(journal.laneFaults()).toEqual([]);
    expect(events.map((event) => event.kind)).toEqual(
      expect.arrayContaining(['run.started', 'operator.note']),
    );
    for (const event of events)
      expect(journal.events.find((kept) => kept['id'] === event.id)).toMatchObject({
        kind: event.kind,
        message: event.message,
      });
    expect(journal.eventsOf('run.recovered').length).toBe(1);
    expect(failedBySha256sum(bundle.path)).toEqual([]);

    // The bench is usable again.
    await bench.kiosk.loadRig(rigToml());
    await bench.kiosk.devicesPoll(['flow', 'heater']);
    const next = await bench.kiosk.start({ durationS: 2 });
    expect(next).not.toBe(runId);
    await bench.kiosk.sealed();
  }));

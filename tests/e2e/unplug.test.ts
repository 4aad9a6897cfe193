import { setTimeout as sleep } from 'node:timers/promises';
import { expect, it } from 'vitest';
import { FLOW, HEATER, HEATER_WIRE, rigToml } from '../rig/bench-rigs.ts';
import { metadataOf, RunJournal } from '../rig/run-journal.ts';
import { findSlice } from '../rig/wire-slice.ts';
import { withWorkbench } from '../rig/workbench.ts';

const FLOW_PERIOD_MS = 100;
const HEATER_PERIOD_S = 0.2;

it('an unplugged instrument is an error within 2 polls, resumes by itself, and leaves a gap with both edges', () =>
  withWorkbench({ instruments: [FLOW, HEATER] }, async (bench) => {
    const { kiosk, instruments } = bench;
    await kiosk.loadRig(rigToml());
    await kiosk.devicesPoll(['flow', 'heater']);
    const runId = await kiosk.start();
    await sleep(3000);

    await instruments.unplug('flow');
    const unpluggedMs = Date.now();
    const lost = await kiosk.eventOf('device.lost', 5000);
    expect(lost).toMatchObject({ severity: 'error', source: 'alicat:flow' });
    expect(Date.parse(lost.tUtc) - unpluggedMs).toBeLessThan(2 * FLOW_PERIOD_MS);
    await sleep(3000);
    const during = await kiosk.state();
    expect(during.devices.find((view) => view.device === 'flow')?.phase).not.toBe('polling');
    expect(during.devices.find((view) => view.device === 'heater')?.phase).toBe('polling');

    await instruments.plug('flow');
    const pluggedMs = Date.now();
    const resumed = await kiosk.eventOf('device.resumed', 5000);
    expect(Date.parse(resumed.tUtc) - pluggedMs).toBeLessThan(2000);
    await kiosk.devicesPoll(['flow']);
    await sleep(2000);
    await kiosk.stop();
    await kiosk.sealed();

    const journal = await RunJournal.read(await bench.carryAway(runId));
    const [gap] = journal.eventsOf('recording.gap').map(metadataOf);
    expect(gap).toMatchObject({ device: 'flow' });
    const fromMs = Date.parse(String(gap?.['from_utc']));
    const toMs = Date.parse(String(gap?.['to_utc']));
    expect(Math.abs(fromMs - unpluggedMs)).toBeLessThan(500);
    expect(toMs).toBeGreaterThan(pluggedMs);
    expect(toMs - pluggedMs).toBeLessThan(2000);
    expect(Number(gap?.['gap_s'])).toBeCloseTo((toMs - fromMs) / 1000, 1);
    expect(Number(gap?.['gap_s'])).toBeCloseTo(journal.longestGapS('flow'), 0);
    expect(Number(gap?.['missed_polls'])).toBeGreaterThan(20);

    expect(journal.longestGapS('heater')).toBeLessThan(2.5 * HEATER_PERIOD_S);
    const own = await instruments.wire('heater');
    expect(findSlice(own, journal.wire(HEATER_WIRE), journal.utcMsOf('run.started'))).not.toBeNull();
    expect(journal.laneFaults()).toEqual([]);
  }));

import { setTimeout as sleep } from 'node:timers/promises';
import { expect, it } from 'vitest';
import type { SimFault } from '../../src/instruments/simulator.ts';
import { FLOW, HEATER, rigToml } from '../rig/bench-rigs.ts';
import type { WireEntry } from '../rig/pty-port.ts';
import { RunJournal } from '../rig/run-journal.ts';
import { withWorkbench } from '../rig/workbench.ts';

const GARBAGE = Uint8Array.of(0x00, 0xff, 0x7f, 0x55, 0x41, 0xfe);
/** Every fault of `spec/protocols.md` §16 that a line without checksum can survive. */
const LINE_FAULTS: readonly SimFault[] = [
  { type: 'garbage-before', bytes: GARBAGE },
  { type: 'cut', bytes: 9 },
  { type: 'glue' },
  { type: 'late', ms: 900 },
  { type: 'split', everyBytes: 1, gapMs: 2 },
  { type: 'silent' },
];
const FRAMED_FAULTS: readonly SimFault[] = [
  ...LINE_FAULTS.filter((fault) => fault.type !== 'late'),
  { type: 'late', ms: 2500 },
  { type: 'flip-bit', bit: 77 },
  { type: 'echo' },
];

interface Frame {
  readonly tMs: number;
  readonly massFlow: number;
}

/** Whole data frames the Alicat sent: id, pressure, temperature, volumetric flow, mass flow, set point, gas. */
function framesSent(wire: readonly WireEntry[]): Frame[] {
  const frames: Frame[] = [];
  let line = '';
  for (const { direction, tMs, bytes } of wire) {
    if (direction === 'tx') continue;
    for (const char of Buffer.from(bytes).toString('latin1')) {
      if (char !== '\r') line += char;
      else {
        const match = /A( [+-][\d.]+){3} ([+-][\d.]+) [+-]?[\d.]+ +\w+$/.exec(line);
        if (match !== null) frames.push({ tMs, massFlow: Number(match[2]) });
        line = '';
      }
    }
  }
  return frames;
}

it('faulty replies crash nothing, give no wrong value, and are counted and shown', () =>
  withWorkbench({ instruments: [FLOW, HEATER] }, async (bench) => {
    const { kiosk, instruments } = bench;
    await kiosk.loadRig(rigToml());
    await kiosk.devicesPoll(['flow', 'heater']);
    const runId = await kiosk.start();
    await sleep(1000);
    for (let round = 0; round < LINE_FAULTS.length + FRAMED_FAULTS.length; round++) {
      const line = LINE_FAULTS[round];
      const framed = FRAMED_FAULTS[round];
      if (line !== undefined) await instruments.inject('flow', line);
      if (framed !== undefined) await instruments.inject('heater', framed);
      await sleep(line === undefined && framed === undefined ? 0 : 1500);
    }
    await instruments.babble('flow', GARBAGE);
    await sleep(3000);
    await kiosk.devicesPoll(['flow', 'heater']);

    const { devices } = await kiosk.state();
    for (const name of ['flow', 'heater']) {
      const view = devices.find((device) => device.device === name);
      const counts = [...Object.values(view?.failures ?? {}), ...Object.values(view?.skipped ?? {})];
      const counted = counts.reduce((sum, count) => sum + count, 0);
      expect(counted, `faults counted of ${name}: ${JSON.stringify(view)}`).toBeGreaterThanOrEqual(4);
    }
    await kiosk.stop();
    await kiosk.sealed();

    const journal = await RunJournal.read(await bench.carryAway(runId));
    const zeroMs = journal.utcMsOf('run.started');
    const sent = framesSent(await instruments.wire('flow'));
    const flow = journal.records('flow');
    expect(flow.length).toBeGreaterThan(100);
    for (const record of flow) {
      const receivedMs = zeroMs + record.receivedMonoNs / 1e6;
      const value = record.columns['Mass_Flow'];
      if (value === null) continue;
      // A frame of that value left the instrument just then: neither torn, nor one of an earlier request.
      const fits = sent.some((frame) => frame.massFlow === value && Math.abs(frame.tMs - receivedMs) < 150);
      expect(fits, `a record of ${String(value)} at ${receivedMs}`).toBe(true);
    }
    const replies = (await instruments.wire('heater')).filter((entry) => entry.direction === 'rx');
    for (const record of journal.records('heater')) {
      const receivedMs = zeroMs + record.receivedMonoNs / 1e6;
      const float = Buffer.alloc(4); // Standard Bus sends values as big-endian float32
      float.writeFloatBE(Number(record.columns['value']));
      const near = replies.filter((entry) => Math.abs(entry.tMs - receivedMs) < 150);
      const fits = Buffer.concat(near.map((entry) => entry.bytes)).includes(float);
      expect(fits, `a record of ${String(record.columns['value'])} at ${receivedMs}`).toBe(true);
    }
    expect(journal.laneFaults()).toEqual([]);
  }));

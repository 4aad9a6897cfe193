import { describe, expect, it } from 'vitest';
import { within } from '../../../src/conductor/deadline.ts';
import { type GapCause, Gaps } from '../../../src/conductor/gaps.ts';
import { OwnProducer } from '../../../src/conductor/own-producer.ts';
import { PercentileRing } from '../../../src/conductor/percentile-ring.ts';
import { queueHealth } from '../../../src/conductor/queue-health.ts';
import { RunTally } from '../../../src/conductor/run-tally.ts';
import { RigHolder } from '../../../src/conductor/rig-holder.ts';
import { startRefusal, waiverOf } from '../../../src/conductor/run-start.ts';
import { Saturation } from '../../../src/conductor/saturation.ts';
import { SealRequests } from '../../../src/conductor/seal-requests.ts';
import { uuid7 } from '../../../src/conductor/uuid7.ts';
import { durationProblem, endsAtHostMs, stoppedBy } from '../../../src/procedures/free-run.ts';
import type { Envelope } from '../../../src/record/item.ts';
import type { Rig, RigDevice } from '../../../src/rig/rig.ts';
import { hostClock } from '../../../src/wire/host-clock.ts';
import type { BridgeCounters, DeviceView, SealResult, StartRequest } from '../../../src/wire/messages.ts';

const device = (name: string, port: RigDevice['port'] = { transport: 'simulated' }): RigDevice => ({
  name,
  adapter: 'alicat',
  port,
  params: { rate_hz: 10 },
  onFailure: 'warn',
});
const serial = (index: number) =>
  ({ transport: 'web-serial', usbVendorId: 0x403, usbProductId: 0x6001, index }) as const;
const rigOf = (...devices: RigDevice[]): Rig => ({
  name: 'rig',
  devices,
  channels: [],
  storage: { partBytesMax: 1, partMinutesMax: 1 },
});

describe('free run', () => {
  it('knows its end, and refuses what cannot be a duration', () => {
    expect(endsAtHostMs({ hostMs: 100, utcMs: 0 }, 2)).toBe(2100);
    expect(endsAtHostMs({ hostMs: 100, utcMs: 0 }, null)).toBeNull();
    expect([durationProblem(null), durationProblem(20)]).toEqual([null, null]);
    for (const bad of [0, -1, Number.NaN, Infinity, 1e9]) expect(durationProblem(bad)).toMatch(/actual/);
    expect(stoppedBy({ runStatus: 'completed', exitReason: 'procedure_complete' })).toBe('duration_elapsed');
    expect(stoppedBy({ runStatus: 'aborted', exitReason: 'operator_stop' })).toBe('external_stop');
  });
});

describe('within', () => {
  it('ends by answer, by time or by the death of the other thread', async () => {
    const never = new Promise<never>(() => {});
    expect(await within(hostClock, 1000, 'x', Promise.resolve(1))).toBe(1);
    await expect(within(hostClock, 5, 'x', never)).rejects.toMatchObject({ code: 'timeout' });
    await expect(within(hostClock, 1000, 'x', never, Promise.resolve())).rejects.toMatchObject({
      code: 'gone',
    });
  });
});

describe('start', () => {
  const request: StartRequest = {
    sampleId: 's',
    operator: { id: 'op', displayName: '' },
    durationS: null,
    armNow: false,
  };
  it('refuses in words what cannot become a run', () => {
    const rig = rigOf(device('mfc'));
    const code = (other: Partial<StartRequest>, on = rig, ready = true) =>
      startRefusal({ ...request, ...other }, on, null, ready)?.code ?? null;
    expect(code({})).toBeNull();
    expect(code({ sampleId: ' ' })).toBe('sample_id');
    expect(code({ operator: { id: '', displayName: '' } })).toBe('operator');
    expect(code({ durationS: -1 })).toBe('duration');
    expect(code({}, rigOf())).toBe('rig_empty');
    expect(code({}, rig, false)).toBe('no_recorder');
  });

  it('waives the age of slots for the simulated rig and when asked to', () => {
    const real = rigOf(device('a'), device('b', serial(0)));
    expect(waiverOf(request, rigOf(device('a')))).toBe('simulated');
    expect(waiverOf(request, real)).toBe('none');
    expect(waiverOf({ ...request, armNow: true }, real)).toBe('arm-now');
  });

  it('names a run by a UUID of version 7', () => {
    const id = uuid7(0x0192_3456_789a, new Uint8Array(10).fill(0xff));
    expect(id).toBe('01923456-789a-7fff-bfff-ffffffffffff');
  });
});

describe('Gaps', () => {
  const facts = {
    zero: { hostMs: 1000, utcMs: 1_790_000_000_000 },
    rateHz: 10,
    cause: (): GapCause => 'page_reload',
  };
  it('tells both edges and the size once, and only of devices that were read', () => {
    const gaps = new Gaps();
    expect(gaps.reading('mfc', 2000, facts)).toBeNull();
    gaps.opened(['mfc', 'silent'], 2100);
    // Resent from before the hole.
    expect(gaps.reading('mfc', 1900, facts)).toBeNull();
    expect(gaps.reading('mfc', 2500, facts)).toMatchObject({
      kind: 'recording.gap',
      severity: 'warning',
      metadata: {
        device: 'mfc',
        cause: 'page_reload',
        from_mono_ns: 1_000_000_000,
        to_mono_ns: 1_500_000_000,
        from_utc: '2026-09-21T14:13:21.000000Z',
        gap_s: 0.5,
        missed_polls: 4,
      },
    });
    expect(gaps.reading('mfc', 2600, facts)).toBeNull();
    expect(gaps.reading('silent', 2600, facts)).toBeNull();
  });
});

describe('OwnProducer', () => {
  it('leaves no hole when there is no room to wait, and says so to nobody who only wanted to state something', () => {
    const sent: Envelope[] = [];
    const failures: unknown[] = [];
    let full = false;
    const own = new OwnProducer({
      clock: hostClock,
      emit: (envelope) => {
        if (full) throw new Error('full');
        sent.push(envelope);
        return Promise.resolve();
      },
      failed: (error) => failures.push(error),
    });
    own.log('INFO', 'one');
    full = true;
    own.log('INFO', 'lost');
    full = false;
    own.log('INFO', 'two');
    expect(sent.map(({ firstSeq }) => firstSeq)).toEqual([1, 2]);
    expect(failures).toHaveLength(1);
  });

  it('numbers each scope by itself and never repeats an epoch', () => {
    const sent: Envelope[] = [];
    const clock = { ...hostClock, hostMs: () => 5000.4 };
    const own = new OwnProducer({
      clock,
      emit: async (envelope) => void sent.push(envelope),
      failed: (error) => expect.unreachable(String(error)),
    });
    const say = () => own.event({ kind: 'x', severity: 'info', message: '' });
    say();
    own.beginRun();
    say();
    own.log('INFO', 'x');
    expect(own.runUpTo()).toEqual([
      { producer: 'conductor/5001', lane: 'events', upTo: 1 },
      { producer: 'conductor/5001', lane: 'data', upTo: 1 },
    ]);
    own.endRun();
    say();
    expect(sent.map(({ scope, producer, lane, firstSeq }) => [scope, producer, lane, firstSeq])).toEqual([
      ['kiosk', 'conductor/5000', 'events', 1],
      ['run', 'conductor/5001', 'events', 1],
      ['run', 'conductor/5001', 'data', 1],
      ['kiosk', 'conductor/5000', 'events', 2],
    ]);
    expect(own.runUpTo()).toEqual([]);
  });
});

describe('RigHolder', () => {
  function holder() {
    const state = { frozen: false, seen: [] as Rig[] };
    const rig = new RigHolder(
      {
        check: ({ name }) =>
          name === 'bad' ? [{ severity: 'error', code: 'bad', path: '', message: '' }] : [],
        calibrator: () => ({ samplesOf: () => [], blocksOf: () => [] }),
        parse: () => null,
      },
      () => state.frozen,
      (changed) => state.seen.push(changed),
    );
    return { rig, state };
  }

  it('refuses a bad rig and any change during a run, but not the same rig again', () => {
    const { rig, state } = holder();
    const good = rigOf(device('mfc'));
    expect(rig.set(good)).toEqual([]);
    expect(rig.set({ ...good, name: 'bad' })).toMatchObject([{ code: 'bad' }]);
    state.frozen = true;
    expect(rig.set(structuredClone(good))).toEqual([]);
    expect(rig.set(rigOf())).toMatchObject([{ code: 'rig.run_open' }]);
    expect([rig.rig, state.seen.length]).toEqual([good, 1]);
  });

  it('lets discovered devices join under free names, once per port', () => {
    const { rig } = holder();
    const channel = {
      name: 'flow',
      kind: 'mfc_flow',
      unit: 'slpm',
      source: { device: 'mfc', field: 'mass_flow' },
      calibration: { kind: 'identity' },
      keepRaw: false,
      plotGroup: 'flow',
      decimateToHz: 60,
    } as const;
    for (const port of [serial(0), serial(0), serial(1)]) rig.discovered(device('mfc', port), [channel]);
    expect(rig.rig.devices.map(({ name }) => name)).toEqual(['mfc', 'mfc_2']);
    expect(rig.rig.channels.map(({ name, source }) => [name, source.device])).toEqual([
      ['flow', 'mfc'],
      ['flow_2', 'mfc_2'],
    ]);
    rig.remove('mfc');
    expect(rig.rig.channels.map(({ name }) => name)).toEqual(['flow_2']);
  });
});

const counters = (blockedSinceMs: number): BridgeCounters => ({
  capacity: 64,
  depth: 3,
  depthMax: 9,
  enqueued: 10,
  delivered: 7,
  dropped: 0,
  blockedTotalMs: 0,
  blockedSinceMs,
});

describe('Saturation', () => {
  it('tells once per blockage, as an error, with the numbers', () => {
    const saturation = new Saturation();
    const look = (ms: number) => saturation.look([{ resource: 'mfc', counters: counters(ms) }]);
    expect(look(9999)).toEqual([]);
    expect(look(10_500)).toMatchObject([
      { kind: 'saturation_deadline', severity: 'error', metadata: { blocked_s: 10.5, deadline_s: 10 } },
    ]);
    expect(look(11_500)).toEqual([]);
    expect(look(-1)).toEqual([]);
    expect(look(12_000)).toHaveLength(1);
  });
});

describe('queueHealth', () => {
  it('has the blocks of the manifest, floats only', () => {
    const lag = new PercentileRing(4);
    for (const value of [4, 1, 3, 2, 10]) lag.add(value);
    const sources = { devices: [], toRecorder: counters(-1) };
    const blocks = queueHealth({ ...sources, lag, recorder: null, nowMs: 0, tally: new RunTally() });
    expect(blocks).toMatchObject({
      'loop.conductor': { samples: 5, lag_p50_ms: 2, lag_p99_ms: 10, lag_max_ms: 10 },
      'bridge.recorder': { enqueued_total: 10, dequeued_total: 7, depth: 3, blocked_since_ms: -1 },
    });
  });

  describe('is of the run', () => {
    const bridge = (delivered: number, depth: number): BridgeCounters => ({
      ...counters(-1),
      depth,
      delivered,
      enqueued: delivered + depth,
    });
    const mfc = (polls: number, lost: number, delivered: number, depth: number): DeviceView => ({
      device: 'mfc',
      family: 'alicat',
      resource: 'usb-1',
      phase: 'polling',
      health: 'ok',
      detail: '',
      identity: null,
      rateHz: 10,
      lastSampleHostMs: null,
      polls,
      failures: { timeout: lost },
      skipped: {},
      bridge: bridge(delivered, depth),
      unackedBytes: 0,
    });
    const at = (device: DeviceView, toRecorder: BridgeCounters) => ({ devices: [device], toRecorder });
    const blocksOf = (tally: RunTally, sources: ReturnType<typeof at>) =>
      queueHealth({ ...sources, lag: new PercentileRing(4), recorder: null, nowMs: 0, tally });

    it('counts nothing that was before it', () => {
      const tally = new RunTally();
      tally.reading('mfc');
      tally.started(at(mfc(500, 7, 1000, 2), bridge(90, 1)));
      for (let i = 0; i < 3; i += 1) tally.reading('mfc');
      expect(blocksOf(tally, at(mfc(504, 8, 1010, 1), bridge(99, 0)))).toMatchObject({
        runtime: { counted_from_s: 0 },
        'worker:usb-1': { polls_emitted: 3, polls_failed: 1 },
        'bridge.outbound:usb-1': { enqueued_total: 11, dequeued_total: 10, depth: 1 },
        'bridge.recorder': { enqueued_total: 9, dequeued_total: 9, depth: 0 },
      });
    });

    it('goes on when a worker is replaced, and says when the conductor was', () => {
      const tally = new RunTally();
      tally.started(at(mfc(500, 7, 1000, 0), bridge(90, 0)));
      tally.reading('mfc');
      expect(blocksOf(tally, at(mfc(4, 2, 5, 0), bridge(99, 0)))).toMatchObject({
        'worker:usb-1': { polls_emitted: 1, polls_failed: 2 },
        'bridge.outbound:usb-1': { enqueued_total: 5 },
      });
      tally.adopted(at(mfc(4, 2, 5, 0), bridge(0, 0)), 12.5);
      expect(blocksOf(tally, at(mfc(5, 2, 6, 0), bridge(1, 0)))).toMatchObject({
        runtime: { counted_from_s: 12.5 },
        'bridge.outbound:usb-1': { enqueued_total: 1 },
      });
    });
  });
});

describe('SealRequests', () => {
  function make() {
    const told: string[] = [];
    const seals = new SealRequests({
      sealed: (runId) => told.push(`sealed ${runId}`),
      failed: (runId, reason) => told.push(`failed ${runId} ${reason}`),
    });
    const asked: string[] = [];
    const host = () => ({
      sealWanted: (runId: string) => {
        asked.push(runId);
        return Promise.resolve();
      },
    });
    return { seals, told, asked, host };
  }
  const good = (runId: string): SealResult => ({ ok: true, runId, rootDigest: 'd', integrity: 'ok' });

  it('asks the owner for one after another, and a new owner again', () => {
    const { seals, told, asked, host } = make();
    seals.want('a');
    seals.want('b');
    seals.want('a');
    seals.setOwner(host());
    expect(asked).toEqual(['a']);
    seals.setOwner(null);
    seals.setOwner(host());
    seals.finished(good('a'));
    seals.finished(good('a'));
    seals.finished(good('b'));
    expect([asked, told, seals.pending]).toEqual([['a', 'a', 'b'], ['sealed a', 'sealed b'], 0]);
  });

  it('gives up after three failures and says why', () => {
    const { seals, told, asked, host } = make();
    seals.setOwner(host());
    seals.want('a');
    for (let i = 0; i < 3; i += 1) seals.finished({ ok: false, runId: 'a', code: 'full', detail: '0 bytes' });
    expect([asked, told]).toEqual([['a', 'a', 'a'], ['failed a full: 0 bytes']]);
  });
});

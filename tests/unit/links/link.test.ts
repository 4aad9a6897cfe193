import { describe, expect, it } from 'vitest';
import type { SimFault } from '../../../src/instruments/simulator.ts';
import { Bench } from './bench.ts';

const ofBytes = (...values: number[]) => Uint8Array.of(...values);
const command = (value: number, device = 'toy1') => ({
  id: `c${value}`,
  device,
  kind: 'set_setpoint',
  payload: { value },
  issuedBy: 'ann',
  why: 'test',
});

/** A link that has identified its toy and polls it. */
async function polling(options: ConstructorParameters<typeof Bench>[0] = {}): Promise<Bench> {
  const bench = new Bench(options);
  bench.start();
  await bench.clock.advance(1000);
  expect(bench.device.view().phase).toBe('polling');
  return bench;
}

describe('a link outside a run', () => {
  it('opens, identifies, polls; readings are live, unnumbered', async () => {
    const bench = await polling();
    expect(bench.views.map(({ phase }) => phase).filter((phase, at, all) => phase !== all[at - 1])).toEqual([
      'opening',
      'identifying',
      'polling',
    ]);
    expect(bench.device.view()).toMatchObject({
      identity: { manufacturer: 'ACME', model: 'TOY', serial: 'T1', firmware: '1' },
      health: 'ok',
      rateHz: 10,
    });
    const live = bench.envelopes.filter(({ scope }) => scope === 'live');
    expect(live.length).toBeGreaterThan(8);
    expect(live.every(({ firstSeq }) => firstSeq === 0)).toBe(true);
    expect(bench.records()).toEqual([]);
    expect(bench.kinds()).toEqual(['device.identified']);
    await bench.stop();
    expect(bench.clock.sleepers).toBe(0);
  });

  it('polls on its grid: ten a second, 100 s, none missed', async () => {
    const bench = await polling();
    const before = bench.records('live').length;
    await bench.clock.advance(100_000);
    expect(bench.records('live').length - before).toBe(1000);
    await bench.stop();
  });

  it('asks again each second who is there until somebody answers', async () => {
    const bench = new Bench();
    bench.simulator.speaks = false;
    bench.start();
    await bench.clock.advance(5000);
    expect(bench.device.view()).toMatchObject({ phase: 'identifying', health: 'down' });
    expect(bench.simulator.heard.length).toBeLessThanOrEqual(5);
    bench.simulator.speaks = true;
    await bench.clock.advance(2000);
    expect(bench.device.view().phase).toBe('polling');
    await bench.stop();
  });
});

describe('a link in a run', () => {
  it('numbers everything from 1 without holes, and nothing is older than zero', async () => {
    const bench = await polling();
    await bench.clock.advance(37);
    const zero = bench.arm();
    await bench.clock.advance(10_000);
    const upTo = bench.device.disarm();
    await bench.clock.advance(500);
    const run = bench.envelopes.filter(({ scope }) => scope === 'run');
    for (const lane of ['data', 'events'] as const) {
      const ofLane = run.filter((envelope) => envelope.lane === lane);
      const numbers = ofLane.flatMap(({ firstSeq, items }) => items.map((_item, at) => firstSeq + at));
      expect(numbers).toEqual(numbers.map((_number, at) => at + 1));
      expect(upTo).toContainEqual({ producer: 'toy1/5000', lane, upTo: numbers.length });
      for (const { items } of ofLane)
        for (const { tHostMs } of items) expect(tHostMs).toBeGreaterThanOrEqual(zero.hostMs);
    }
    expect(bench.records()).toHaveLength(100);
    await bench.stop();
  });

  it('has every byte of the wire, tied to its record by the exchange', async () => {
    const bench = await polling();
    bench.arm();
    await bench.clock.advance(1000);
    bench.device.disarm();
    const records = bench.records();
    expect(records.map(({ exchange }) => exchange)).toEqual(records.map((_record, at) => at + 1));
    for (const { exchange, columns, tHostMs, requestedHostMs, receivedHostMs } of records) {
      const [tx, rx] = bench.wire().filter((item) => item.exchange === exchange);
      expect(new TextDecoder().decode(tx?.bytes)).toBe('R\r');
      expect(new TextDecoder().decode(rx?.bytes)).toContain(`V ${String(columns['value'])}*`);
      expect([tx?.direction, rx?.direction, tx?.job]).toEqual(['tx', 'rx', 'free_run']);
      expect(tHostMs).toBe((requestedHostMs + receivedHostMs) / 2);
    }
    await bench.stop();
  });

  it('a second run begins again at 1 under its own epoch; arming twice changes nothing', async () => {
    const bench = await polling();
    bench.arm('run-1', 5000);
    await bench.clock.advance(500);
    bench.arm('run-1', 6000);
    await bench.clock.advance(500);
    bench.device.disarm();
    expect(bench.device.disarm()).toEqual([]);
    bench.arm('run-2', 7000);
    await bench.clock.advance(1000);
    bench.device.disarm();
    const run = bench.envelopes.filter(({ scope, lane }) => scope === 'run' && lane === 'data');
    expect([...new Set(run.map(({ producer }) => producer))]).toEqual(['toy1/5000', 'toy1/7000']);
    expect(run.find(({ producer }) => producer === 'toy1/7000')?.firstSeq).toBe(1);
    expect(bench.records().filter(({ exchange }) => exchange === 1)).toHaveLength(2);
    await bench.stop();
  });

  it('after disarm nothing of the run is emitted', async () => {
    const bench = await polling();
    bench.arm();
    await bench.clock.advance(1030);
    bench.device.disarm();
    await bench.device.flushed();
    const count = bench.envelopes.filter(({ scope }) => scope === 'run').length;
    await bench.clock.advance(3000);
    expect(bench.envelopes.filter(({ scope }) => scope === 'run')).toHaveLength(count);
    await bench.stop();
  });

  it('states health at the start and every 30 s, with the clock offset', async () => {
    const bench = await polling();
    bench.arm();
    await bench.clock.advance(61_000);
    const status = bench.items('status');
    expect(status).toHaveLength(3);
    expect(status[0]).toMatchObject({
      device: 'toy1',
      health: 'ok',
      fields: { clock_offset_ms: 0.5, clock_error_ms: 0.1, toy: true, serial: 'T1' },
    });
    await bench.stop();
  });
});

/** Values the toy gave in a good frame on a line that was read to its end. */
async function underFaults(faults: readonly SimFault[], params = {}): Promise<Bench> {
  const bench = await polling({ params });
  bench.arm();
  await bench.clock.advance(500);
  for (const fault of faults) {
    bench.simulator.inject(fault);
    await bench.clock.advance(700);
  }
  await bench.clock.advance(2000);
  return bench;
}
const values = (bench: Bench) => bench.records().map(({ columns }) => Number(columns['value']));

describe('faults on the wire', () => {
  it.each<[string, SimFault, { failures?: object; skipped?: object }]>([
    ['garbage before', { type: 'garbage-before', bytes: ofBytes(0, 255, 7) }, { skipped: { garbage: 3 } }],
    ['an echo', { type: 'echo' }, { skipped: { echo: 2 } }],
    ['a glued reply', { type: 'glue' }, {}],
    ['a reply in pieces', { type: 'split', everyBytes: 1, gapMs: 3 }, {}],
    ['a cut reply', { type: 'cut', bytes: 4 }, { failures: { timeout: 1 } }],
    ['a flipped bit', { type: 'flip-bit', bit: 1 }, { failures: { crc: 1 } }],
    ['silence', { type: 'silent' }, { failures: { timeout: 1 } }],
    ['a late reply', { type: 'late', ms: 150 }, { failures: { timeout: 1 } }],
  ])('%s: no wrong value, counted, and the link goes on', async (_what, fault, expected) => {
    const bench = await underFaults([fault, fault]);
    const got = values(bench);
    // Rising, no value twice: nothing was paired with a request that was not its own.
    expect(got).toEqual([...new Set(got)].sort((a, b) => a - b));
    expect(got.length).toBeGreaterThan(25);
    const view = bench.device.view();
    for (const [code, count] of Object.entries(expected.failures ?? {}))
      expect(view.failures[code]).toBe(Number(count) * 2);
    for (const [why, count] of Object.entries(expected.skipped ?? {}))
      expect(view.skipped[why]).toBe(Number(count) * 2);
    // One bad reply is not an outage.
    expect(bench.kinds()).toEqual(['device.identified']);
    await bench.stop();
  });

  it('a late reply is not given to the request after it', async () => {
    const bench = await underFaults([{ type: 'late', ms: 150 }]);
    for (const { exchange, columns } of bench.records()) {
      const rx = bench.wire().filter((item) => item.direction === 'rx' && item.exchange === exchange);
      const text = rx.map(({ bytes }) => new TextDecoder().decode(bytes)).join('');
      expect(text).toContain(`V ${String(columns['value'])}*`);
    }
    await bench.stop();
  });

  it('degrades, says why in the log once per kind, and recovers after half a minute', async () => {
    const bench = await underFaults([{ type: 'cut', bytes: 3 }]);
    expect(bench.device.view().health).toBe('degraded');
    expect(bench.items('log')).toMatchObject([{ level: 'WARNING', event: 'device.poll_failed' }]);
    await bench.clock.advance(31_000);
    expect(bench.device.view().health).toBe('ok');
    expect(bench.items('status').map(({ health }) => health)).toEqual(['ok', 'degraded', 'ok']);
    await bench.stop();
  });

  it('retries reads where the adapter allows it: nothing is lost, and every repeat is counted and told', async () => {
    const bench = await underFaults([{ type: 'flip-bit', bit: 0 }, { type: 'silent' }], { retries: 1 });
    expect(bench.device.view()).toMatchObject({ health: 'ok', failures: { crc: 1, timeout: 1 } });
    const told = bench.items('log').map(({ level, event, fields }) => [level, event, fields['code']]);
    expect(told).toEqual([
      ['WARNING', 'transport.retry', 'crc'],
      ['WARNING', 'transport.retry', 'timeout'],
    ]);
    expect(bench.items('log')[0]?.fields).toMatchObject({ attempt: 1, device: 'toy1' });
    await bench.stop();
  });

  it('counts the last attempt as well when no repeat helped', async () => {
    const faults: SimFault[] = [
      { type: 'cut', bytes: 3 },
      { type: 'cut', bytes: 3 },
    ];
    const bench = await polling({ params: { retries: 1 } });
    bench.arm();
    for (const fault of faults) bench.simulator.inject(fault);
    await bench.clock.advance(2000);
    expect(bench.device.view().failures).toEqual({ timeout: 2 });
    expect(bench.items('log').map(({ event, fields }) => [event, fields['attempt']])).toEqual([
      ['transport.retry', 1],
      ['device.poll_failed', 2],
    ]);
    await bench.stop();
  });
});

describe('a silent device', () => {
  it('is late once, then resumed with the gap and both its edges', async () => {
    const bench = await polling();
    const zero = bench.arm();
    await bench.clock.advance(2000);
    bench.simulator.speaks = false;
    await bench.clock.advance(3000);
    expect(bench.device.view()).toMatchObject({ phase: 'late', health: 'degraded' });
    expect(bench.kinds()).toEqual(['device.identified', 'device.late']);
    await bench.clock.advance(10_000);
    expect(bench.device.view().health).toBe('down');
    bench.simulator.speaks = true;
    await bench.clock.advance(2000);
    expect(bench.device.view().phase).toBe('polling');
    expect(bench.kinds().slice(1)).toEqual([
      'device.late',
      'device.identified',
      'device.resumed',
      'recording.gap',
    ]);
    const gap = bench.events().at(-1);
    const good = bench.records().map(({ tHostMs }) => (tHostMs - zero.hostMs) * 1e6);
    const fromNs = Number(gap?.metadata?.['from_mono_ns']);
    const toNs = Number(gap?.metadata?.['to_mono_ns']);
    expect(good).toContain(fromNs);
    expect(good).toContain(toNs);
    expect(good.filter((at) => at > fromNs && at < toNs)).toEqual([]);
    expect(gap).toMatchObject({ severity: 'warning', metadata: { device: 'toy1', cause: 'late' } });
    expect(Number(gap?.metadata?.['gap_s'])).toBeCloseTo((toNs - fromNs) / 1e9, 3);
    expect(Number(gap?.metadata?.['missed_polls'])).toBe(Math.round((toNs - fromNs) / 1e8) - 1);
    await bench.stop();
  });
});

describe('a lost port', () => {
  it('is an error at once, waits, and comes back by itself with the gap', async () => {
    const bench = await polling();
    const zero = bench.arm();
    await bench.clock.advance(2000);
    bench.port.unplug();
    await bench.clock.advance(0);
    expect(bench.events().at(-1)).toMatchObject({
      kind: 'device.lost',
      severity: 'error',
      source: 'toy:toy1',
    });
    expect(bench.device.view()).toMatchObject({ phase: 'lost', health: 'down' });
    await bench.clock.advance(5000);
    bench.port.plug();
    await bench.clock.advance(500);
    expect(bench.kinds().slice(1)).toEqual([
      'device.lost',
      'device.identified',
      'device.resumed',
      'recording.gap',
    ]);
    expect(bench.device.view()).toMatchObject({ phase: 'polling' });
    const gap = bench.events().at(-1)?.metadata;
    expect(gap).toMatchObject({ device: 'toy1', cause: 'lost' });
    expect(Number(gap?.['gap_s'])).toBeGreaterThan(5);
    expect(Number(gap?.['from_mono_ns'])).toBeGreaterThan(0);
    expect(gap?.['from_utc']).toMatch(/^\d{4}-.*Z$/);
    expect(bench.records().at(-1)?.tHostMs).toBeGreaterThan(zero.hostMs + 7000);
    // The wire of the new identify is in the run, under its own job.
    expect(bench.wire().some(({ job }) => job === 'connect')).toBe(true);
    await bench.stop();
  });

  it('lost in the middle of an exchange: no record, no retry', async () => {
    const bench = await polling();
    bench.arm();
    bench.simulator.delayMs = 90;
    await bench.clock.advance(130);
    const polls = bench.simulator.heard.length;
    bench.port.unplug();
    await bench.clock.advance(1000);
    expect(bench.simulator.heard).toHaveLength(polls);
    expect(bench.kinds()).toContain('device.lost');
    await bench.stop();
  });

  it('a run that begins without the device says so, and counts the gap from zero', async () => {
    const bench = new Bench();
    bench.port.unplug();
    bench.start();
    await bench.clock.advance(1000);
    bench.arm();
    await bench.clock.advance(3000);
    bench.port.plug();
    await bench.clock.advance(500);
    expect(bench.kinds()).toEqual(['device.lost', 'device.identified', 'device.resumed', 'recording.gap']);
    expect(bench.events().at(-1)?.metadata).toMatchObject({ cause: 'not_connected', from_mono_ns: 0 });
    await bench.stop();
  });

  it('a worker that joins a running run leaves the reload to the conductor, unless its device stays away', async () => {
    const bench = new Bench();
    const zero = { hostMs: bench.clock.hostMs() - 60_000, utcMs: 0 };
    bench.start();
    bench.device.arm({ runId: 'run-1', epochMs: 9000, zero, job: 'free_run' });
    await bench.clock.advance(1000);
    expect(bench.kinds()).toEqual(['device.identified']);
    await bench.stop();

    const away = new Bench();
    away.port.unplug();
    away.start();
    away.device.arm({ runId: 'run-1', epochMs: 9000, zero, job: 'free_run' });
    await away.clock.advance(2000);
    expect(away.kinds()).toEqual([]);
    await away.clock.advance(2000);
    expect(away.kinds()).toEqual(['device.lost']);
    away.port.plug();
    await away.clock.advance(500);
    expect(away.kinds().slice(2)).toEqual(['device.resumed', 'recording.gap']);
    await away.stop();
  });

  it('a run that ends during the outage states the open gap', async () => {
    const bench = await polling();
    bench.arm();
    await bench.clock.advance(1000);
    bench.port.unplug();
    await bench.clock.advance(1000);
    bench.device.disarm();
    expect(bench.events().at(-1)).toMatchObject({ kind: 'recording.gap', metadata: { still_open: true } });
    await bench.stop();
  });

  it('another instrument on the plug is not read in a run: no reading under a wrong name', async () => {
    const bench = await polling();
    bench.arm();
    await bench.clock.advance(1000);
    bench.port.unplug();
    bench.simulator.serial = 'T2';
    bench.port.plug();
    const count = bench.records().length;
    await bench.clock.advance(4000);
    expect(bench.records()).toHaveLength(count);
    expect(bench.device.view()).toMatchObject({ phase: 'lost', identity: { serial: 'T1' } });
    const told = bench.events().filter(({ metadata }) => metadata?.['refused'] === true);
    expect(told).toHaveLength(1);
    expect(told[0]).toMatchObject({ severity: 'warning', metadata: { serial: 'T2', serial_before: 'T1' } });
    bench.simulator.serial = 'T1';
    await bench.clock.advance(3000);
    expect(bench.device.view().phase).toBe('polling');
    expect(bench.kinds().slice(-2)).toEqual(['device.resumed', 'recording.gap']);
    await bench.stop();
  });

  it('another instrument on the plug outside a run is a warning', async () => {
    const bench = await polling();
    bench.port.unplug();
    bench.simulator.serial = 'T2';
    bench.port.plug();
    await bench.clock.advance(1000);
    const swapped = bench.events().filter(({ kind }) => kind === 'device.identified');
    expect(swapped.map(({ severity }) => severity)).toEqual(['info', 'warning']);
    expect(swapped[1]?.metadata).toMatchObject({ serial: 'T2', serial_before: 'T1' });
    await bench.stop();
  });
});

describe('back-pressure', () => {
  it('stops polling while upstream takes nothing, then tells the hole; the read loop goes on', async () => {
    const bench = await polling();
    bench.arm();
    await bench.clock.advance(500);
    let release: () => void = () => undefined;
    bench.blocked = new Promise((resolve) => (release = resolve));
    await bench.clock.advance(5000);
    bench.port.deviceSends(ofBytes(1, 2, 3));
    bench.blocked = null;
    release();
    await bench.clock.advance(1000);
    bench.device.disarm();
    expect(bench.events().at(-1)).toMatchObject({ kind: 'recording.gap', metadata: { cause: 'blocked' } });
    expect(bench.kinds()).not.toContain('device.late');
    const unasked = bench.wire().filter(({ exchange }) => exchange === 0);
    expect(unasked.map(({ bytes }) => [...bytes])).toEqual([[1, 2, 3]]);
    const numbers = bench.envelopes
      .filter(({ scope, lane }) => scope === 'run' && lane === 'data')
      .flatMap(({ firstSeq, items }) => items.map((_item, at) => firstSeq + at));
    expect(numbers).toEqual(numbers.map((_number, at) => at + 1));
    await bench.stop();
  });
});

describe('bytes that are lost', () => {
  it('an overrun of the port is a gap in the record', async () => {
    const bench = await polling();
    bench.arm();
    await bench.clock.advance(500);
    bench.device.wire.onFault({ code: 'overrun', detail: 'too slow' });
    await bench.clock.advance(500);
    expect(bench.events().at(-1)).toMatchObject({
      kind: 'recording.gap',
      severity: 'warning',
      metadata: { device: 'toy1', cause: 'overrun', overruns: 1, lost_bytes: 0 },
    });
    expect(bench.device.view().skipped).toEqual({ overrun: 1 });
    await bench.stop();
  });
});

describe('commands', () => {
  it('go between polls, once, and leave a receipt in the record', async () => {
    const bench = await polling();
    bench.arm();
    await bench.clock.advance(250);
    const sent = bench.link.within('command', () => bench.device.command(command(7)));
    await bench.clock.advance(100);
    const receipt = await sent;
    expect(receipt).toMatchObject({
      ok: true,
      value: { accepted: true, sent: { value: 7 }, asked: { value: 7 } },
    });
    expect(bench.simulator.setpoint).toBe(7);
    expect(bench.events().at(-1)).toMatchObject({
      kind: 'set_setpoint',
      severity: 'info',
      source: 'toy:toy1',
      message: 'set_setpoint 7 SCCM accepted by toy1',
      metadata: { accepted: true, issued_by: 'ann', why: 'test', units: { value: 'SCCM' } },
    });
    expect(bench.wire().filter(({ job }) => job === 'manual')).toHaveLength(2);
    await bench.stop();
  });

  it('are refused in words, and the refusal is recorded', async () => {
    const bench = await polling();
    bench.arm();
    expect(await bench.device.command({ ...command(1), kind: 'explode' })).toMatchObject({ accepted: false });
    bench.port.unplug();
    await bench.clock.advance(10);
    expect(await bench.device.command(command(1))).toMatchObject({
      accepted: false,
      detail: 'toy1 is not connected (lost)',
    });
    const refused = bench.events().filter(({ metadata }) => metadata?.['accepted'] === false);
    expect(refused.map(({ severity, kind }) => [severity, kind])).toEqual([
      ['warning', 'explode'],
      ['warning', 'set_setpoint'],
    ]);
    await bench.stop();
  });

  it('making safe drives the output down', async () => {
    const bench = await polling();
    bench.simulator.setpoint = 9;
    const safe = bench.link.within('safety', () =>
      bench.device.makeSafe({ ...command(0), kind: 'make_safe' }),
    );
    await bench.clock.advance(200);
    expect(await safe).toMatchObject({ ok: true, value: { accepted: true } });
    expect(bench.simulator.setpoint).toBe(0);
    await bench.stop();
  });
});

describe('devices on one port', () => {
  it('share the wire and both keep their rate', async () => {
    const bench = await polling({ names: ['a', 'b'] });
    const before = bench.devices.map((device) => device.view().polls);
    await bench.clock.advance(10_000);
    expect(bench.devices.map((device, at) => device.view().polls - (before[at] ?? 0))).toEqual([100, 100]);
    await bench.stop();
  });

  it('one with a broken adapter stops, says so, and leaves the other alone', async () => {
    const bench = new Bench({ names: ['a'], params: { breaks: true } });
    bench.start();
    await bench.clock.advance(3000);
    expect(bench.device.view()).toMatchObject({ phase: 'failed', detail: 'Error: the toy broke' });
    expect(bench.kinds()).toContain('worker_adapter_error');
    expect(bench.events().find(({ kind }) => kind === 'worker_adapter_error')?.severity).toBe('error');
    await bench.stop();
  });
});

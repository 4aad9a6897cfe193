import { describe, expect, it } from 'vitest';
import { scripted, SimulatedLine } from './simulated-line.ts';
import { AlicatAdapter } from '../../../src/instruments/alicat/adapter.ts';
import { ALICAT } from '../../../src/instruments/alicat/family.ts';
import { AlicatSimulator } from '../../../src/instruments/alicat/simulator.ts';
import type { SimFault } from '../../../src/instruments/simulator.ts';
import { createWorld } from '../../../src/instruments/world.ts';

const bytes = (text: string) => new TextEncoder().encode(text);

function params(raw: { [key: string]: unknown } = {}) {
  const parsed = ALICAT.parseParams(raw, 'params');
  if (!parsed.ok) throw new Error(JSON.stringify(parsed.problems));
  return parsed.params;
}

async function bench(raw: { [key: string]: unknown } = {}) {
  const world = createWorld(1);
  const simulator = new AlicatSimulator({ params: params(raw), world, seed: 5 });
  const line = new SimulatedLine(simulator);
  const adapter = new AlicatAdapter({ device: 'purge', params: params(raw), line, clock: line.clock });
  return { world, simulator, line, adapter };
}

async function identified() {
  const parts = await bench();
  const found = await parts.adapter.identify();
  if (!found.ok) throw new Error(found.detail);
  return { ...parts, identity: found.identity };
}

describe('Alicat adapter with its simulator', () => {
  it('identifies: model, serial, firmware, units, full scale', async () => {
    const { identity } = await identified();
    expect(identity).toMatchObject({
      manufacturer: 'ALICAT SCIENTIFIC',
      model: 'MC-5SLPM-D',
      firmware: '10v20.0-R24',
      fullScale: { Mass_Flow: 5 },
      fieldUnits: { Mass_Flow: 'SLPM', Abs_Press: 'PSIA', Temperature: '°C' },
    });
    expect(identity.serial).toMatch(/^\d{6}$/);
  });

  it('polls one wide row of declared columns; every field reads', async () => {
    const { adapter, line, simulator } = await identified();
    await line.listen(3000);
    const poll = await adapter.poll();
    expect(poll.failure).toBeNull();
    expect(poll.records).toHaveLength(1);
    const columns = poll.records[0]?.columns ?? {};
    const declared = new Set(ALICAT.columns.map((column) => column.name));
    expect(Object.keys(columns).filter((name) => !declared.has(name))).toEqual([]);
    expect(columns).toMatchObject({
      unit_id: 'A',
      Mix_Gas: 'N2',
      Mass_Flow_Setpt: 1,
      status: '',
    });
    const flow = ALICAT.readField(columns, { device: 'purge', field: 'Mass_Flow' });
    expect(flow).toMatchObject({ unit: 'SLPM', status: 'ok' });
    expect(flow?.raw).toBeCloseTo(1, 1);
    expect(ALICAT.readField(columns, { device: 'purge', field: 'nonsense' })).toBeNull();
    expect(ALICAT.readField(columns, { device: 'purge', field: 'Gauge_Press' })).toBeNull();
    expect(simulator.answered).toBe(2); // one poll is part of identify
  });

  const FAULTS: readonly [string, SimFault, string | null][] = [
    ['silent', { type: 'silent' }, 'timeout'],
    ['cut', { type: 'cut', bytes: 20 }, 'timeout'],
    ['flip-bit of the sign', { type: 'flip-bit', bit: 16 }, 'malformed'],
    ['garbage before', { type: 'garbage-before', bytes: Uint8Array.of(0x9c, 0x81) }, 'malformed'],
    ['bus noise before', { type: 'garbage-before', bytes: Uint8Array.of(0, 0xff, 0) }, null],
    ['a left-over line before', { type: 'garbage-before', bytes: bytes('+1 +2\r') }, null],
    ['glue', { type: 'glue' }, null],
    ['late', { type: 'late', ms: 550 }, 'timeout'],
    ['split', { type: 'split', everyBytes: 1, gapMs: 2 }, null],
    ['echo', { type: 'echo' }, null],
  ];
  it.each(FAULTS)('%s: no wrong value, and the next poll is good', async (_, fault, code) => {
    const { adapter, line, simulator } = await identified();
    await line.listen(5000);
    simulator.inject(fault);
    const hit = await adapter.poll();
    expect(hit.failure?.code ?? null).toBe(code);
    expect(hit.records.length).toBe(code === null ? 1 : 0);
    const next = await adapter.poll();
    expect(next.failure).toBeNull();
    expect(next.records[0]?.columns['Mass_Flow']).toBeCloseTo(1, 1);
    expect(adapter.status().health).toBe('ok');
  });

  it('stops a stream an earlier session left on', async () => {
    const { adapter, line, simulator } = await bench();
    simulator.receive(bytes('A@ @\r'), line.nowMs);
    expect((await line.listen(200)).length).toBeGreaterThan(0);
    expect(await adapter.identify()).toMatchObject({ ok: true });
    expect(await line.listen(500)).toHaveLength(0);
  });

  it('goes down after three failed polls and comes back', async () => {
    const { adapter, simulator } = await identified();
    for (let i = 0; i < 3; i += 1) simulator.inject({ type: 'silent' });
    for (const health of ['degraded', 'degraded', 'down']) {
      await adapter.poll();
      expect(adapter.status().health).toBe(health);
    }
    await adapter.poll();
    expect(adapter.status().health).toBe('ok');
  });

  it('fails as a value when nobody answers, or another unit does', async () => {
    const silent = new SimulatedLine(scripted([]));
    const adapter = new AlicatAdapter({ device: 'a', params: params(), line: silent, clock: silent.clock });
    expect(await adapter.identify()).toMatchObject({ ok: false, code: 'timeout' });
    const chatty = new SimulatedLine(scripted([['A\r', 'A hello world\r']]));
    const other = new AlicatAdapter({ device: 'a', params: params(), line: chatty, clock: chatty.clock });
    expect(await other.identify()).toMatchObject({ ok: false, code: 'unexpected' });
  });
});

describe('Alicat commands', () => {
  it('sets the setpoint, reads it back, and the world follows', async () => {
    const { adapter, line, world } = await identified();
    expect(await adapter.command('set_setpoint', { value: 2.5 })).toEqual({
      accepted: true,
      detail: 'ok',
      sent: { value: 2.5 },
    });
    await line.listen(4000);
    expect(world.flowSlpm).toBeCloseTo(2.5, 1);
  });

  it('reads back, never repeats, when the reply is lost', async () => {
    const { adapter, line, simulator } = await identified();
    simulator.inject({ type: 'silent' });
    expect(await adapter.command('set_setpoint', { value: 3 })).toMatchObject({ accepted: true });
    const writes = line.sent.filter((request) => String.fromCharCode(...request).startsWith('ALS 3'));
    expect(writes).toHaveLength(1);
  });

  it.each([[-1], [5.1], [Number.NaN], ['2'], [null]])(
    'refuses the setpoint %s without sending',
    async (value) => {
      const { adapter, line } = await identified();
      const before = line.sent.length;
      expect(await adapter.command('set_setpoint', { value })).toMatchObject({ accepted: false });
      expect(line.sent.length).toBe(before);
    },
  );

  it('holds and releases the valves; safe releases them too', async () => {
    const { adapter, line, world } = await identified();
    await line.listen(4000);
    expect(await adapter.command('hold_valves', {})).toMatchObject({ accepted: true });
    const held = await adapter.poll();
    expect(held.records[0]?.columns['status']).toBe('HLD');
    expect(await adapter.makeSafe()).toMatchObject({ accepted: true, sent: { value: 0 } });
    await line.listen(4000);
    expect(world.flowSlpm).toBeLessThan(0.02);
  });

  it('tares only without flow', async () => {
    const { adapter, line } = await identified();
    await line.listen(3000);
    expect(await adapter.command('tare', {})).toMatchObject({ accepted: false });
    await adapter.makeSafe();
    await line.listen(5000);
    expect(await adapter.command('tare', {})).toMatchObject({ accepted: true });
  });

  it('sets the gas by name or number', async () => {
    const { adapter } = await identified();
    expect(await adapter.command('set_gas', { gas: 'Ar', save: false })).toMatchObject({
      accepted: true,
      sent: { gas: 1 },
    });
    expect((await adapter.poll()).records[0]?.columns['Mix_Gas']).toBe('Ar');
    expect(await adapter.command('set_gas', { gas: 'unobtainium' })).toMatchObject({ accepted: false });
  });
});

const OLD_TABLE = [
  'A  D00 NAME_______ TYPE_____ MinVal_  MaxVal_  UNITS__',
  'A  D01 Unit ID     char         A         Z         na',
  'A  D02 Pressure    signed    +000.00  +160.00     PSIA',
  'A  D03 Temperature signed    -010.00  +050.00        C',
  'A  D04 Volumetric  signed    +0000.0  +0500.0      CCM',
  'A  D05 Mass        signed    +0000.0  +0500.0     SCCM',
  'A  D06 SetPoint    signed    +0000.0  +0500.0     SCCM',
  'A  D07 Gas         string        Air       D2       na',
  'A  D14 Status      string         na      MOV       na',
].join('\r');
const FRAME = 'A +014.52 +021.50 +0000.1 +0000.2 0116.3      N2\r';

async function scriptedAdapter(answers: Record<string, string>) {
  const device = scripted(Object.entries(answers));
  const line = new SimulatedLine(device);
  const adapter = new AlicatAdapter({ device: 'purge', params: params(), line, clock: line.clock });
  const found = await adapter.identify();
  if (!found.ok) throw new Error(found.detail);
  return { adapter, identity: found.identity, line };
}

describe('other firmware', () => {
  it('5v12: older table, old setpoint command, never one starting AL', async () => {
    const { adapter, identity, line } = await scriptedAdapter({
      'A\r': FRAME,
      'AVE\r': 'A   5v12.0-R22\r',
      'A??D*\r': `${OLD_TABLE}\r`,
      'AS 116.3\r': FRAME,
      'AS 50.0\r': FRAME,
    });
    expect(identity).toMatchObject({
      firmware: '5v12.0-R22',
      fullScale: { Mass_Flow: 500 },
      fieldUnits: { Mass_Flow: 'SCCM' },
    });
    expect(await adapter.command('set_setpoint', { value: 116.3 })).toMatchObject({ accepted: true });
    // Analog setpoint source: accepted and ignored without a sign.
    expect(await adapter.command('set_setpoint', { value: 50 })).toMatchObject({ accepted: false });
    expect(line.sent.filter((request) => String.fromCharCode(...request).startsWith('AL'))).toEqual([]);
  });

  it('GP: no VE, 08 bytes in its tables, one working write', async () => {
    const gpTable = OLD_TABLE.replaceAll('\r', '\b\r');
    const { adapter, identity } = await scriptedAdapter({
      'A\r': FRAME,
      'A??M*\r':
        'A  M00 ALICAT SCIENTIFIC\b\rA  M04 Model Number MC-1SLPM\b\rA  M09 Software Revision GP07R100\b\r',
      'A??D*\r': `${gpTable}\r`,
      'A$$G 8\r': FRAME,
    });
    expect(identity).toMatchObject({ model: 'MC-1SLPM', firmware: 'GP07R100' });
    expect(await adapter.command('set_setpoint', { value: 1 })).toMatchObject({ accepted: false });
    expect(await adapter.command('set_gas', { gas: 'N2', save: false })).toMatchObject({ accepted: true });
  });

  it('no tables at all: the standard controller layout, units unknown', async () => {
    const { adapter, identity } = await scriptedAdapter({ 'A\r': FRAME });
    expect(identity.fieldUnits).toEqual({});
    expect((await adapter.poll()).records[0]?.columns).toMatchObject({
      Mass_Flow: 0.2,
      Mass_Flow_unit: null,
    });
  });

  it('an undeclared field keeps its name, with one warning', async () => {
    const table = OLD_TABLE.replace(
      'A  D07',
      'A  D15 Wobble      signed    +0000.0  +0500.0     SCCM\rA  D07',
    );
    const { adapter } = await scriptedAdapter({
      'A\r': FRAME.replace('      N2', ' +0007.5 N2'),
      'A??D*\r': `${table}\r`,
    });
    const first = await adapter.poll();
    expect(first.records[0]?.columns['Wobble']).toBe(7.5);
    expect(first.events).toMatchObject([{ kind: 'record.unknown_field', severity: 'warning' }]);
    expect((await adapter.poll()).events).toEqual([]);
  });
});

describe('Alicat params', () => {
  it('fills defaults', () =>
    expect(params()).toEqual({ unit_id: 'A', baud: 19200, timeout_s: 0.5, rate_hz: 2 }));
  it('refuses unknown keys and bad values with path, expected, actual', () => {
    const parsed = ALICAT.parseParams({ rate_hz: 51, unit_id: 'aa', colour: 1 }, 'devices[0].params');
    expect(parsed).toMatchObject({
      ok: false,
      problems: [
        { code: 'schema.unknown', path: 'devices[0].params.colour' },
        { path: 'devices[0].params.unit_id', actual: '"aa"' },
        { path: 'devices[0].params.rate_hz', expected: 'a number above 0 and at most 50', actual: '51' },
      ],
    });
  });
});

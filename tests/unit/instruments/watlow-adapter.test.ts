import { describe, expect, it } from 'vitest';
import { scripted, SimulatedLine } from './simulated-line.ts';
import type { SimFault } from '../../../src/instruments/simulator.ts';
import { WatlowAdapter } from '../../../src/instruments/watlow/adapter.ts';
import { WATLOW } from '../../../src/instruments/watlow/family.ts';
import { WatlowSimulator } from '../../../src/instruments/watlow/simulator.ts';
import { createWorld } from '../../../src/instruments/world.ts';

function params(raw: { [key: string]: unknown } = {}) {
  const parsed = WATLOW.parseParams(raw, 'params');
  if (!parsed.ok) throw new Error(JSON.stringify(parsed.problems));
  return parsed.params;
}

function bench(raw: { [key: string]: unknown } = {}) {
  const world = createWorld(1);
  const simulator = new WatlowSimulator({ params: params(raw), world, seed: 5 });
  const line = new SimulatedLine(simulator);
  const adapter = new WatlowAdapter({ device: 'heater', params: params(raw), line, clock: line.clock });
  return { world, simulator, line, adapter };
}

describe('Watlow adapter with its simulator', () => {
  it('identifies', async () => {
    const found = await bench().adapter.identify();
    expect(found).toMatchObject({
      ok: true,
      identity: {
        manufacturer: 'Watlow',
        model: 'PM3R1CA-AAAAAAA',
        firmware: '11',
        extra: { device_name: 'EZ-ZONE PM', hardware: 'ARM' },
      },
    });
    if (found.ok) expect(found.identity.serial).toMatch(/^\d{5}$/);
  });

  it('polls one long row per parameter, wire value in °F beside its unit', async () => {
    const { adapter, line, world, simulator } = bench();
    await line.listen(20_000);
    const poll = await adapter.poll();
    expect(poll.failure).toBeNull();
    expect(poll.records.map((record) => record.columns['parameter'])).toEqual([
      'process_value',
      'setpoint',
      'output_power',
    ]);
    const declared = new Set(WATLOW.columns.map((column) => column.name));
    for (const { columns } of poll.records) {
      expect(Object.keys(columns).filter((name) => !declared.has(name))).toEqual([]);
    }
    const [pv, setpoint] = poll.records;
    expect(setpoint?.columns).toMatchObject({
      value: 842,
      unit: '°F',
      parameter_id: 7001,
      instance: 1,
      address: 1,
    });
    const reading = WATLOW.readField(pv?.columns ?? {}, { device: 'heater', field: 'process_value' });
    expect(reading).toMatchObject({ unit: '°F', status: 'ok' });
    expect(((reading?.raw as number) - 32) / 1.8).toBeCloseTo(world.heaterC, 0);
    expect(world.heaterC).toBeGreaterThan(100);
    expect(WATLOW.readField(pv?.columns ?? {}, { device: 'heater', field: 'setpoint' })).toBeNull();
    expect(
      WATLOW.readField(pv?.columns ?? {}, { device: 'heater', field: 'process_value', instance: 2 }),
    ).toBeNull();
    expect(simulator.answered).toBe(3);
  });

  const FAULTS: readonly [string, SimFault][] = [
    ['silent', { type: 'silent' }],
    ['cut', { type: 'cut', bytes: 15 }],
    ['flip-bit in the payload', { type: 'flip-bit', bit: 8 * 15 + 2 }],
    ['flip-bit in the header', { type: 'flip-bit', bit: 8 * 4 }],
    ['garbage before', { type: 'garbage-before', bytes: Uint8Array.of(0x55, 0xff, 0x06, 0, 0xff) }],
    ['glue', { type: 'glue' }],
    ['late', { type: 'late', ms: 1050 }],
    ['split', { type: 'split', everyBytes: 1, gapMs: 3 }],
    ['echo', { type: 'echo' }],
  ];
  it.each(FAULTS)('%s: the read is repeated once and nothing wrong is recorded', async (_, fault) => {
    const { adapter, line, simulator, world } = bench();
    await line.listen(60_000);
    simulator.inject(fault);
    const poll = await adapter.poll();
    expect(poll.failure).toBeNull();
    expect(poll.records).toHaveLength(3);
    const value = poll.records[0]?.columns['value'] as number;
    expect(Math.abs((value - 32) / 1.8 - world.heaterC)).toBeLessThan(20);
    expect(poll.records[1]?.columns['value']).toBe(842);
  });

  it('a silent controller costs one timeout and a retry, not one per parameter', async () => {
    const { adapter, line, simulator } = bench();
    for (let i = 0; i < 9; i += 1) simulator.inject({ type: 'silent' });
    const startedMs = line.nowMs;
    const poll = await adapter.poll();
    expect(poll).toMatchObject({ records: [], failure: { code: 'timeout' } });
    expect(line.nowMs - startedMs).toBeLessThan(2500);
    expect(adapter.status().health).toBe('degraded');
  });

  it('a loop that does not exist is a failure; the other goes on', async () => {
    const { adapter } = bench({ instances: [1, 2] });
    const poll = await adapter.poll();
    expect(poll.records).toHaveLength(3);
    expect(poll.failure).toMatchObject({ code: 'nak', detail: expect.stringContaining('0x84') as string });
  });

  it('an open thermocouple gives no value, one event, and one when it is back', async () => {
    const { adapter, simulator } = bench();
    simulator.sensorOpen = true;
    const open = await adapter.poll();
    const columns = open.records[0]?.columns ?? {};
    expect(columns).toMatchObject({ status: 'sensor_fail' });
    expect(columns['value']).toBeCloseTo(2531.8, 1);
    expect(WATLOW.readField(columns, { device: 'heater', field: 'process_value' })).toEqual({
      raw: null,
      unit: null,
      status: 'sensor_fail',
    });
    expect(open.events).toMatchObject([{ kind: 'sensor.failed', severity: 'warning' }]);
    expect((await adapter.poll()).events).toEqual([]);
    expect(adapter.status()).toMatchObject({ health: 'degraded', fields: { input_error: 'open' } });
    simulator.sensorOpen = false;
    const back = await adapter.poll();
    expect(back.events).toMatchObject([{ kind: 'sensor.restored' }]);
    expect(back.records[0]?.columns['status']).toBe('ok');
  });

  it('is silent for another address: identify fails as a value', async () => {
    const { simulator } = bench({ address: 2 });
    const line = new SimulatedLine(simulator);
    const adapter = new WatlowAdapter({ device: 'heater', params: params(), line, clock: line.clock });
    expect(await adapter.identify()).toMatchObject({ ok: false, code: 'timeout' });
    const dead = new SimulatedLine(scripted([]));
    const nobody = new WatlowAdapter({ device: 'heater', params: params(), line: dead, clock: dead.clock });
    expect(await nobody.identify()).toMatchObject({ ok: false, code: 'timeout' });
  });
});

describe('Watlow commands', () => {
  it('sets the setpoint in °C, sends °F, reads it back, and the heater follows', async () => {
    const { adapter, line, world } = bench();
    const outcome = await adapter.command('set_setpoint', { value: 200, instance: 1 });
    expect(outcome).toEqual({
      accepted: true,
      detail: 'ok',
      sent: { parameter: 'setpoint', instance: 1, wire: 392, wire_unit: '°F' },
    });
    expect(world.heaterSetpointC).toBeCloseTo(200, 6);
    await line.listen(300_000);
    expect(Math.abs(world.heaterC - 200)).toBeLessThan(20);
  });

  it('writes once; when the reply is lost, reading back decides', async () => {
    const { adapter, line, simulator } = bench();
    simulator.inject({ type: 'silent' });
    expect(await adapter.command('set_setpoint', { value: 100 })).toMatchObject({ accepted: true });
    expect(line.sent.filter((request) => request[9] === 0x04)).toHaveLength(1);
  });

  it('refuses what no furnace can be, with the numbers, in °C and °F alike', async () => {
    for (const wire_temperature_unit of ['F', 'C'])
      for (const value of [-500, -200.1, 1371.1, 5000]) {
        const { adapter, line } = bench({ wire_temperature_unit });
        expect(await adapter.command('set_setpoint', { value })).toMatchObject({
          accepted: false,
          detail: `setpoint: expected -200 to 1371 °C, got ${value} °C`,
        });
        const alarm = await adapter.command('write_parameter', { name: 'alarm_low', value: -300 });
        expect(alarm).toMatchObject({
          accepted: false,
          detail: expect.stringContaining('-273.15') as string,
        });
        expect(line.sent).toHaveLength(0);
      }
    const [command] = WATLOW.commands;
    expect(command?.arguments[0]).toMatchObject({ min: -200, max: 1371, unit: '°C' });
  });

  it.each([
    ['set_setpoint', { value: 6000 }],
    ['set_setpoint', { value: 'hot' }],
    ['set_setpoint', { value: 20, instance: 0 }],
    ['write_parameter', { name: 'process_value', value: 1 }],
    ['write_parameter', { name: 'protocol', value: 1057 }],
    ['write_parameter', { name: 'control_mode', value: 1.5 }],
    ['melt', {}],
  ])('refuses %s %j without sending', async (kind, payload) => {
    const { adapter, line } = bench();
    expect(await adapter.command(kind, payload)).toMatchObject({ accepted: false });
    expect(line.sent).toHaveLength(0);
  });

  it('writes other parameters and passes on a refusal', async () => {
    const { adapter } = bench();
    expect(await adapter.command('write_parameter', { name: 'filter_time', value: 2 })).toMatchObject({
      accepted: true,
    });
    expect(
      await adapter.command('write_parameter', { name: 'filter_time', value: 2, instance: 3 }),
    ).toMatchObject({
      accepted: false,
      detail: 'device error 0x84 (no such instance)',
    });
  });

  it('makes safe: 25 °C, read back', async () => {
    const { adapter, world } = bench();
    expect(await adapter.makeSafe()).toMatchObject({ accepted: true, sent: { setpoint_c: 25 } });
    expect(world.heaterSetpointC).toBeCloseTo(25, 6);
  });
});

describe('Watlow params', () => {
  it('refuses bad lists and addresses', () => {
    const parsed = WATLOW.parseParams(
      { address: 17, parameters: ['process_value', 'nope'], instances: [] },
      'p',
    );
    expect(parsed.ok ? [] : parsed.problems.map((problem) => problem.path)).toEqual([
      'p.address',
      'p.parameters',
      'p.instances',
    ]);
  });
});

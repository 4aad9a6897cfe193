import { describe, expect, it } from 'vitest';
import { latin, scripted, settle, SimulatedLine } from './simulated-line.ts';
import { SartoriusAdapter } from '../../../src/instruments/sartorius/adapter.ts';
import { parseSbi, readingScanner, textScanner } from '../../../src/instruments/sartorius/codec.ts';
import { SARTORIUS } from '../../../src/instruments/sartorius/family.ts';
import { SartoriusSimulator } from '../../../src/instruments/sartorius/simulator.ts';
import type { SimFault } from '../../../src/instruments/simulator.ts';
import { createWorld } from '../../../src/instruments/world.ts';
import rows from '../../../src/instruments/sartorius/sartorius.transcript.json' with { type: 'json' };

describe('Sartorius SBI transcripts (spec/protocols.md §6.4), cut at every byte', () => {
  for (const row of rows) {
    it(`${row.sent} → ${JSON.stringify(row.received)} [${row.mark}]`, () => {
      const reply = latin(row.received);
      for (let cut = 0; cut <= reply.length; cut += 1) {
        const pieces = [reply.slice(0, cut), reply.slice(cut)];
        const { verdict, skipped } =
          row.as === 'text' ? settle<unknown>(textScanner, pieces) : settle<unknown>(readingScanner, pieces);
        if (row.fails !== undefined) expect(verdict.type).toBe(row.fails);
        else if (verdict.type !== 'frame') throw new Error(JSON.stringify(verdict));
        else if (row.as === 'text') expect(verdict.value).toEqual(row.expect);
        else expect(verdict.value).toMatchObject(row.expect as object);
        if (row.skipped !== undefined) expect(skipped).toEqual(row.skipped);
      }
    });
  }
});

describe('SBI lines', () => {
  it.each([
    ['H', 'overload'],
    ['Stat  High', 'overload'],
    ['OL', 'overload'],
    ['L', 'underload'],
    ['Stat Low', 'underload'],
    ['Stat     Cal.Int.', 'adjusting'],
    ['Cal. Ext.', 'adjusting'],
    ['Cal. Int.', 'adjusting'],
    ['Err 101', 'error'],
    ['Stat APP. ERR', 'error'],
    ['DIS. ERR', 'error'],
    ['INVALID', 'error'],
    ['0.090', 'tail'],
    ['    0.031 g  ', 'tail'],
    ['SerNo.    0031801165', 'text'],
    ['N     +    0.0N     +    0.031 g  ', 'text'],
    ['Qnt   +       12 pcs', 'weight'],
  ])('%j is %s', (line, type) => expect(parseSbi(line).type).toBe(type));

  it('a question mark in front means unstable, and minus zero is zero', () => {
    expect(parseSbi('? +    1.234 g  ')).toMatchObject({ type: 'weight', value: 1.234, stable: false });
    expect(Object.is((parseSbi('-     0.00 g  ') as { value: number }).value, 0)).toBe(true);
  });

  it('rejects bytes that are no text and lines that never end', () => {
    for (const text of ['N     +    0.0\x9131 g  \r\n', 'N     +    0.0\x1131 g  \r\n', 'N'.repeat(100)]) {
      expect(settle(readingScanner, [latin(text)]).verdict).toMatchObject({ type: 'bad', code: 'malformed' });
    }
  });
});

function params(raw: { [key: string]: unknown } = {}) {
  const parsed = SARTORIUS.parseParams(raw, 'params');
  if (!parsed.ok) throw new Error(JSON.stringify(parsed.problems));
  return parsed.params;
}

function bench() {
  const world = createWorld(1);
  const simulator = new SartoriusSimulator({ params: params(), world, seed: 5 });
  const line = new SimulatedLine(simulator);
  const adapter = new SartoriusAdapter({ device: 'balance', params: params(), line, clock: line.clock });
  return { world, simulator, line, adapter };
}

const MASS = { device: 'balance', field: 'value' };

describe('Sartorius adapter with its simulator', () => {
  it('identifies and polls one row of declared columns', async () => {
    const { adapter, line, simulator } = bench();
    expect(await adapter.identify()).toMatchObject({
      ok: true,
      identity: { model: 'MSE1203S-100-DR', firmware: '00-39-21', fieldUnits: { value: 'g' } },
    });
    await line.listen(3000);
    const poll = await adapter.poll();
    const columns = poll.records[0]?.columns ?? {};
    expect(Object.keys(columns).sort()).toEqual(SARTORIUS.columns.map((column) => column.name).sort());
    expect(columns).toMatchObject({ stable: true, unit: 'g', decimals: 3, protocol: 'sbi' });
    expect(SARTORIUS.readField(columns, MASS)).toMatchObject({
      raw: expect.closeTo(10, 1) as number,
      unit: 'g',
      status: 'ok',
    });
    expect(SARTORIUS.readField(columns, { device: 'balance', field: 'stable' })).toMatchObject({ raw: true });
    expect(simulator.answered).toBe(2);
  });

  it('the sample loses mass as it gets hot, and reads as settling meanwhile', async () => {
    const { adapter, line } = bench();
    await adapter.identify();
    await line.listen(70_000);
    const hot = await adapter.poll();
    expect(SARTORIUS.readField(hot.records[0]?.columns ?? {}, MASS)).toMatchObject({
      unit: 'g',
      status: 'settling',
    });
    expect(hot.records[0]?.columns['value']).toBeLessThan(9.9);
    await line.listen(300_000);
    const char = await adapter.poll();
    expect(char.records[0]?.columns['value']).toBeCloseTo(2.2, 1);
  });

  const FAULTS: readonly [string, SimFault, string | null][] = [
    ['silent', { type: 'silent' }, 'timeout'],
    ['cut', { type: 'cut', bytes: 12 }, 'timeout'],
    ['flip-bit of the point', { type: 'flip-bit', bit: 8 * 12 + 4 }, 'malformed'],
    ['garbage before', { type: 'garbage-before', bytes: Uint8Array.of(0x9c) }, 'malformed'],
    ['a tail before', { type: 'garbage-before', bytes: latin('031 g  \r\n') }, null],
    ['glue', { type: 'glue' }, null],
    ['late', { type: 'late', ms: 1050 }, 'timeout'],
    ['split', { type: 'split', everyBytes: 1, gapMs: 5 }, null],
  ];
  it.each(FAULTS)(
    '%s: no wrong value; a failed poll keeps a row and gives no reading',
    async (_, fault, code) => {
      const { adapter, line, simulator } = bench();
      await adapter.identify();
      await line.listen(2000);
      simulator.inject(fault);
      const hit = await adapter.poll();
      expect(hit.failure?.code ?? null).toBe(code);
      const columns = hit.records[0]?.columns ?? {};
      if (code !== null) {
        expect(columns).toMatchObject({ value: null, error_type: code });
        expect(SARTORIUS.readField(columns, MASS)).toBeNull();
      }
      const next = await adapter.poll();
      expect(next.records[0]?.columns['value']).toBeCloseTo(10, 1);
    },
  );

  it('stops a continuous print found at open', async () => {
    const { adapter, line, simulator } = bench();
    simulator.continuousPrint = true;
    expect((await line.listen(300)).length).toBeGreaterThan(200);
    expect(await adapter.identify()).toMatchObject({ ok: true, identity: { model: 'MSE1203S-100-DR' } });
    expect(await line.listen(300)).toHaveLength(0);
  });

  it('tares once and waits for a stable zero', async () => {
    const { adapter, line } = bench();
    await adapter.identify();
    await line.listen(3000);
    expect(await adapter.command('tare')).toMatchObject({ accepted: true });
    expect(line.sent.filter((request) => request[1] === 0x54)).toHaveLength(1);
    expect(Math.abs((await adapter.poll()).records[0]?.columns['value'] as number)).toBeLessThan(0.01);
    expect(await adapter.makeSafe()).toMatchObject({ accepted: true });
  });

  it.each([
    ['Stat High\r\n', 'overload'],
    ['Stat Low\r\n', 'underrange'],
    ['Stat ERR 101\r\n', 'source_invalid'],
    ['Stat     Cal.Int.\r\n', 'calibrating'],
  ])('%j reads as null with status %s', async (answer, status) => {
    const line = new SimulatedLine(scripted([['\x1bP', answer]]));
    const adapter = new SartoriusAdapter({ device: 'b', params: params(), line, clock: line.clock });
    const poll = await adapter.poll();
    expect(poll.failure).toBeNull();
    expect(SARTORIUS.readField(poll.records[0]?.columns ?? {}, MASS)).toEqual({
      raw: null,
      unit: null,
      status,
    });
    expect(adapter.status().health).toBe('degraded');
  });

  it('fails as a value when nobody answers', async () => {
    const line = new SimulatedLine(scripted([]));
    const adapter = new SartoriusAdapter({ device: 'b', params: params(), line, clock: line.clock });
    expect(await adapter.identify()).toMatchObject({ ok: false, code: 'timeout' });
  });
});

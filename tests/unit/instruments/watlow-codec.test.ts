import { describe, expect, it } from 'vitest';
import { settle } from './simulated-line.ts';
import { dataCrc, dataCrcStep, headerCrc, headerCrcStep } from '../../../src/instruments/watlow/checksum.ts';
import {
  readRequest,
  readScanner,
  writeRequest,
  writeScanner,
} from '../../../src/instruments/watlow/codec.ts';
import { encodeFrame, scanFrame } from '../../../src/instruments/watlow/frame.ts';
import { WATLOW } from '../../../src/instruments/watlow/family.ts';
import { WatlowSimulator } from '../../../src/instruments/watlow/simulator.ts';
import { decodeValue, encodeValue, type WireValue } from '../../../src/instruments/watlow/value.ts';
import { createWorld } from '../../../src/instruments/world.ts';
import table from '../../../src/instruments/watlow/watlow.transcript.json' with { type: 'json' };

interface Row {
  readonly row: number;
  readonly sent?: string;
  readonly received: string;
  readonly read?: number;
  readonly write?: number;
  readonly instance?: number;
  readonly address?: number;
  readonly hostMac?: number;
  readonly value?: WireValue;
  readonly expect?: WireValue;
  readonly fails?: string;
  readonly detail?: string;
  readonly skipped?: readonly string[];
  readonly meaning: string;
  readonly mark: string;
}
const rows = table as readonly Row[];
const bytes = (hex: string) => Uint8Array.from(hex.match(/../g) ?? [], (pair) => parseInt(pair, 16));
const hex = (data: Uint8Array) => Buffer.from(data).toString('hex').toUpperCase();

/** Registers after each byte, from the start value on. */
function registers(
  step: (register: number, byte: number) => number,
  start: number,
  data: Uint8Array,
): string[] {
  const seen = [start];
  for (const byte of data) seen.push(step(seen.at(-1) ?? start, byte));
  return seen.map((register) => register.toString(16).toUpperCase());
}

describe('checksums, step by step (spec/protocols.md §1)', () => {
  it.each([
    ['0510000006', 'FF 56 C3 41 3F 17', 0xe8],
    ['060010000B', 'FF 57 CC B5 92 77', 0x88],
  ])('header CRC-8 of %s', (input, steps, result) => {
    expect(registers(headerCrcStep, 0xff, bytes(input))).toEqual(steps.split(' '));
    expect(headerCrc(bytes(input))).toBe(result);
    expect([...bytes(input), result].reduce(headerCrcStep, 0xff)).toBe(0x55);
  });

  it.each([
    ['010301040101', 'FFFF 1E0E DBFB 580E AF02 3234 661C', 0x99e3],
    ['01040701010843C40000', 'FFFF 1E0E AF44 7030 207A CD74 B926 3412 B38F 7C4C 8814', 0x77eb],
  ])('data CRC-16 of %s', (input, steps, result) => {
    expect(registers(dataCrcStep, 0xffff, bytes(input))).toEqual(steps.split(' '));
    expect(dataCrc(bytes(input))).toBe(result);
    expect([...bytes(input), result & 0xff, result >> 8].reduce(dataCrcStep, 0xffff)).toBe(0xf0b8);
  });
});

describe('Watlow transcripts (spec/protocols.md §2.6)', () => {
  it('has every row', () => expect(rows.map(({ row }) => row)).toEqual([1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11]));

  for (const row of rows) {
    const address = row.address ?? 1;
    const attribute = { id: row.read ?? row.write ?? 0, instance: row.instance ?? 1 };
    if (row.sent !== undefined && row.hostMac === undefined && attribute.id > 0) {
      it(`row ${row.row}: we send exactly that`, () => {
        const request =
          row.value === undefined
            ? readRequest(address, attribute)
            : writeRequest(address, attribute, row.value);
        expect(hex(request)).toBe(row.sent);
      });
    }
    if (attribute.id > 0) {
      it(`row ${row.row}: ${row.meaning} [${row.mark}], cut at every byte`, () => {
        const scan =
          row.read === undefined ? writeScanner(address, attribute) : readScanner(address, attribute);
        const reply = bytes(row.received);
        for (let cut = 0; cut <= reply.length; cut += 1) {
          const { verdict, skipped } = settle(scan, [reply.slice(0, cut), reply.slice(cut)]);
          if (row.skipped !== undefined) expect(skipped).toEqual(row.skipped);
          else if (row.fails === 'more') expect(verdict.type).toBe('more');
          else if (row.fails !== undefined) {
            expect(verdict).toMatchObject({ type: 'bad', code: row.fails });
            if (row.detail !== undefined) expect(verdict).toMatchObject({ detail: row.detail });
          } else expect(verdict).toMatchObject({ type: 'frame', value: row.expect });
        }
      });
    }
    if (row.sent !== undefined && row.row !== 7) {
      it(`row ${row.row}: the simulator answers like the controller`, () => {
        const parsed = WATLOW.parseParams({}, '');
        if (!parsed.ok) throw new Error('params');
        const simulator = new WatlowSimulator({ params: parsed.params, world: createWorld(1), seed: 1 });
        simulator.sensorOpen = true;
        const replies = simulator.receive(bytes(row.sent ?? ''), 0);
        expect(replies.map((reply) => hex(reply.bytes)).join('')).toBe(row.received);
      });
    }
  }
});

describe('receiver rules (§2.2, §2.3)', () => {
  const PV = bytes('55FF060010000B8802030104010108451E3CD4A728');
  const scan = readScanner(1, { id: 4001, instance: 1 });
  const after = (...parts: (Uint8Array | string)[]) =>
    settle(scan, [Buffer.concat(parts.map((part) => (typeof part === 'string' ? bytes(part) : part)))]);

  it('hunts through garbage, repeated 55, false headers, and skips its own echo', () => {
    const { verdict, skipped } = after('00FFAA55', '55FF0600', '55FF0510000006E8010301040101E399', '55', PV);
    expect(verdict).toMatchObject({ type: 'frame' });
    expect(skipped).toContain('echo');
    expect(skipped).toContain('garbage');
  });

  it('skips another address, then takes the reply', () => {
    const other = encodeFrame({ ...frameOf(PV), source: 0x11 });
    const { verdict, skipped } = after(other, PV);
    expect(verdict.type).toBe('frame');
    expect(skipped).toEqual(['address']);
  });

  it.each([
    ['class', '0203010501010845000000'],
    ['member', '0203010402010845000000'],
    ['instance', '0203010401020845000000'],
    ['mode', '0203020401010845000000'],
    ['service 05', '0205730205'],
    ['write reply', '02040401010845000000'],
  ])('rejects a good frame of the wrong %s', (_, payload) => {
    const reply = encodeFrame({ ...frameOf(PV), payload: bytes(payload) });
    expect(after(reply).verdict).toMatchObject({ type: 'bad', code: 'unexpected' });
  });

  it('shows an unknown error code raw', () => {
    const reply = encodeFrame({ ...frameOf(PV), payload: bytes('02C7') });
    expect(after(reply).verdict).toMatchObject({ type: 'bad', code: 'nak', detail: 'device error 0xC7' });
  });

  it('rejects a value whose length does not fit its tag', () => {
    for (const value of ['08451E3C', '08451E3CD400', '0F020047', '77', '09054142']) {
      const reply = encodeFrame({ ...frameOf(PV), payload: bytes(`020301040101${value}`) });
      expect(after(reply).verdict).toMatchObject({ type: 'bad', code: 'malformed' });
    }
  });

  it('never waits for a payload longer than 512', () => {
    const long = encodeFrame({ type: 6, destination: 0, source: 0x10, payload: new Uint8Array(513) });
    expect(scanFrame(long)).toMatchObject({ type: 'garbage', consumed: 1 });
  });

  function frameOf(data: Uint8Array) {
    const found = scanFrame(data);
    if (found.type !== 'frame') throw new Error('no frame');
    return found.frame;
  }
});

describe('values', () => {
  const VALUES: readonly WireValue[] = [
    { type: 'u8', value: 255 },
    { type: 'u16', value: 65_535 },
    { type: 'u32', value: 4_221_389_047 },
    { type: 's32', value: -5 },
    { type: 'float', value: -12.5 },
    { type: 'string', value: 'EZ-ZONE PM' },
    { type: 'enum', value: 1286 },
    { type: 'packed', value: [1, 65_535] },
    { type: 'packed', value: [] },
  ];
  it.each(VALUES)('$type $value comes back', (value) =>
    expect(decodeValue(encodeValue(value))).toEqual(value),
  );
});

import { sha256 as noble } from '@noble/hashes/sha2.js';
import fc from 'fast-check';
import { createSHA256 } from 'hash-wasm';
import { createHash } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { firstBrokenLink, firstLink, fromHex, nextLink, toHex } from '../../../src/formats/events/chain.ts';
import type { Sha256 } from '../../../src/formats/events/chain.ts';
import { eventRow } from '../../../src/formats/events/row.ts';
import { EVENTS_MIGRATIONS, KIOSK_MIGRATIONS } from '../../../src/formats/events/schema.ts';
import type { EventRow } from '../../../src/formats/events/schema.ts';

const wasm = await createSHA256();
const engine: Sha256 = (bytes) => wasm.init().update(bytes).digest('binary');
const node: Sha256 = (bytes) => createHash('sha256').update(bytes).digest();

const row: EventRow = {
  id: 1,
  t_mono_ns: 1_500_000_000,
  t_utc: '2026-05-06T12:00:01.500000Z',
  kind: 'operator.note',
  severity: 'info',
  source: 'operator',
  message: 'µ — „quote“',
  metadata_json: null,
};

const rows = fc
  .array(
    fc.record({
      t_mono_ns: fc.nat(),
      t_utc: fc.string(),
      kind: fc.string(),
      severity: fc.constantFrom('info', 'warning', 'error'),
      source: fc.string(),
      message: fc.string({ unit: 'binary' }),
      metadata_json: fc.option(fc.json(), { nil: null }),
    }),
    { minLength: 1, maxLength: 12 },
  )
  .map((list) => list.map((event, index) => ({ id: index + 1, ...event })));

describe('hash chain', () => {
  it('frames a link as the design says, byte by byte', () => {
    const previous = new Uint8Array(32).fill(7);
    const text = (value: string): Buffer => {
      const bytes = Buffer.from(value, 'utf8');
      const length = Buffer.alloc(4);
      length.writeUInt32LE(bytes.length);
      return Buffer.concat([length, bytes]);
    };
    const by_hand = Buffer.concat([
      Buffer.from('benchseal.event.v1\0'),
      previous,
      text('1'),
      text('1500000000'),
      text('2026-05-06T12:00:01.500000Z'),
      text('operator.note'),
      text('info'),
      text('operator'),
      text('µ — „quote“'),
      Buffer.from([255, 255, 255, 255]),
    ]);
    expect(toHex(nextLink(previous, row, engine))).toBe(toHex(node(by_hand)));
    const first = Buffer.concat([Buffer.from('benchseal.run.v1\0'), text('a'), text('b'), text('c')]);
    const members = { 'env/build.json': 'c', 'config.toml': 'a', 'method.toml': 'b', 'equipment.toml': 'x' };
    expect(toHex(firstLink(members, engine))).toBe(toHex(node(first)));
  });

  it('is the same with three engines, and any change of a row or of their order breaks it', () => {
    fc.assert(
      fc.property(rows, fc.nat(), (events, pick) => {
        const start = firstLink({ 'config.toml': 'x' }, engine);
        const chain = (sha256: Sha256): { row: EventRow; hash: string }[] => {
          let link = start;
          return events.map((event) => ({ row: event, hash: toHex((link = nextLink(link, event, sha256))) }));
        };
        const linked = chain(engine);
        expect(chain(noble)).toEqual(linked);
        expect(chain(node)).toEqual(linked);
        expect(firstBrokenLink(start, linked, noble)).toBeNull();
        const at = pick % linked.length;
        const changed = linked.map((link, index) =>
          index === at ? { ...link, row: { ...link.row, message: `${link.row.message}!` } } : link,
        );
        expect(firstBrokenLink(start, changed, node)).toBe(at + 1);
        expect(firstBrokenLink(start, linked.slice(at + 1), node)).toBe(
          at + 1 < linked.length ? at + 2 : null,
        );
      }),
      { numRuns: 50 },
    );
  });

  it('reads its own hex', () => {
    fc.assert(fc.property(fc.uint8Array(), (bytes) => toHex(fromHex(toHex(bytes))) === toHex(bytes)));
    expect(() => fromHex('AB')).toThrow();
  });
});

describe('event rows', () => {
  it('put times on the run clock and empty metadata to NULL', () => {
    const zero = { hostMs: 1000, utcMs: Date.UTC(2026, 4, 6, 12) };
    const event = {
      tHostMs: 2500,
      tUtcMs: zero.utcMs + 1500.25,
      kind: 'run.started',
      severity: 'info' as const,
      source: 'conductor',
      message: 'x',
    };
    expect(eventRow(3, { ...event, metadata: {} }, zero)).toEqual({
      id: 3,
      t_mono_ns: 1_500_000_000,
      t_utc: '2026-05-06T12:00:01.500250Z',
      kind: 'run.started',
      severity: 'info',
      source: 'conductor',
      message: 'x',
      metadata_json: null,
    });
    expect(eventRow(3, { ...event, metadata: { a: 1 } }, zero).metadata_json).toBe('{"a":1}');
  });
});

describe('migrations', () => {
  it('are append-only: shipped ones keep their text', () => {
    const digests = [...EVENTS_MIGRATIONS, ...KIOSK_MIGRATIONS].map(({ version, name, sql }) => [
      version,
      name,
      toHex(node(new TextEncoder().encode(sql))).slice(0, 16),
    ]);
    expect(digests).toMatchInlineSnapshot(`
      [
        [
          1,
          "events",
          "8c1c4bc45e4e361f",
        ],
        [
          1,
          "events",
          "8c1c4bc45e4e361f",
        ],
        [
          2,
          "log",
          "9dd7a9c63e1a14eb",
        ],
      ]
    `);
  });
});

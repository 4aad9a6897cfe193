import fc from 'fast-check';
import type { Cell, DataItem } from '../../../src/record/item.ts';

export const ZERO = { hostMs: 1_790_000_000_000.25, utcMs: 1_790_000_000_123 };

const tHostMs = fc.integer({ min: 0, max: 86_400_000_000 }).map((us) => ZERO.hostMs + us / 1000);
const name = fc.stringMatching(/^[a-z][a-z0-9_-]{0,12}$/);
const cell: fc.Arbitrary<Cell> = fc.oneof(
  fc.double(),
  fc.integer(),
  fc.string({ unit: 'binary' }),
  fc.boolean(),
  fc.constant(null),
);
const json = fc.jsonValue({ maxDepth: 2 }) as fc.Arbitrary<never>;
/** JSON says 0 for −0 inside free fields; only record columns promise more. */
const fields = fc.dictionary(name, json).map((value) => JSON.parse(JSON.stringify(value)) as typeof value);
const times = { tHostMs, requestedHostMs: tHostMs, receivedHostMs: tHostMs };
const exchange = fc.integer({ min: 0, max: Number.MAX_SAFE_INTEGER });

export const dataItem: fc.Arbitrary<DataItem> = fc.oneof(
  fc.record({
    type: fc.constant('wire' as const),
    tHostMs,
    port: name,
    device: name,
    direction: fc.constantFrom('tx' as const, 'rx' as const),
    exchange,
    job: name,
    bytes: fc.uint8Array({ maxLength: 300 }),
  }),
  fc.record({
    type: fc.constant('record' as const),
    ...times,
    device: name,
    family: name,
    exchange,
    columns: fc.dictionary(name, cell),
  }),
  fc.record({
    type: fc.constant('block' as const),
    tHostMs,
    device: name,
    family: name,
    field: name,
    dtMs: fc.double({ min: 0, max: 1000, noNaN: true }),
    values: fc.float64Array({ maxLength: 200 }),
  }),
  fc.record({
    type: fc.constant('status' as const),
    tHostMs,
    device: name,
    family: name,
    health: fc.constantFrom('ok' as const, 'degraded' as const, 'down' as const),
    fields,
  }),
  fc.record({
    type: fc.constant('log' as const),
    tHostMs,
    tUtcMs: fc.integer({ min: 0, max: 4e12 }),
    level: fc.constantFrom('DEBUG' as const, 'INFO' as const, 'WARNING' as const, 'ERROR' as const),
    event: name,
    fields,
  }),
);

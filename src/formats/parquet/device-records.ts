import type { RunZero } from '../../record/clock.ts';
import type { Cell } from '../../record/item.ts';
import type { ColumnSpec, ColumnType, DeviceSchema } from '../../rig/device-schema.ts';
import type { JournalRecord } from '../journal/item.ts';
import { jsonLine, type JsonText } from '../json-text.ts';
import type { ColumnKind, TableCell, TableColumn } from './table.ts';

const HEADER: readonly TableColumn[] = [
  { name: 'record_id', kind: 'string', required: true },
  { name: 't_mono_ns', kind: 'int64', required: true },
  { name: 't_utc', kind: 'timestamp', required: true },
  { name: 'device', kind: 'dictionary', required: true },
];
/** After the family's own columns: how long the exchange took, where its bytes are, and what nobody declared. */
const TRAILER: readonly TableColumn[] = [
  { name: 'requested_at', kind: 'timestamp', required: true },
  { name: 'received_at', kind: 'timestamp', required: true },
  { name: 'latency_s', kind: 'float64', required: true },
  { name: 'producer', kind: 'dictionary', required: true },
  { name: 'journal_sequence', kind: 'int64', required: true },
  { name: 'exchange', kind: 'int64', required: true },
  { name: 'extra_json', kind: 'string', required: false },
];
const RESERVED: ReadonlySet<string> = new Set([...HEADER, ...TRAILER].map(({ name }) => name));

const KIND: Record<ColumnType, ColumnKind> = {
  float: 'float64',
  int: 'int64',
  bool: 'bool',
  string: 'dictionary',
  timestamp: 'timestamp',
};

/** Columns of `device_records/<adapter>.parquet` (`spec/capa.md` §3.2): declared by the family, never inferred. */
export function deviceRecordColumns(schema: DeviceSchema): readonly TableColumn[] {
  return [
    ...HEADER,
    ...ownColumns(schema).map(({ name, type }): TableColumn => ({ name, kind: KIND[type], required: false })),
    ...TRAILER,
  ];
}

function ownColumns(schema: DeviceSchema): readonly ColumnSpec[] {
  return schema.columns.filter(({ name }) => !RESERVED.has(name));
}

/**
 * `<adapter>:<device>:<seq>`: `seq` is the row's number within its device, from 1 in time order. (The lane number
 * would repeat after a reload; it is in `producer` and `journal_sequence`, the MCAP message's own number.)
 */
export function recordId(family: string, device: string, row: number): string {
  return `${family}:${device}:${row}`;
}

/** One row, and the names of the fields that went to `extra_json` or did not fit their declared type. */
export function deviceRecordRow(
  record: JournalRecord,
  schema: DeviceSchema,
  id: string,
  zero: RunZero,
): { readonly cells: readonly TableCell[]; readonly unknown: readonly string[] } {
  const extra: Record<string, JsonText> = {};
  const own = ownColumns(schema);
  const declared = new Set(own.map(({ name }) => name));
  for (const [name, cell] of Object.entries(record.columns))
    if (!declared.has(name) && !RESERVED.has(name)) extra[name] = cell;
  const values = own.map(({ name, type }) => {
    const cell = record.columns[name] ?? null;
    const value = toCell(cell, type, zero);
    if (value === null && cell !== null) extra[name] = cell;
    return value;
  });
  const unknown = Object.keys(extra);
  const cells: TableCell[] = [
    id,
    BigInt(record.tMonoNs),
    utcMicros(record.tMonoNs, zero),
    record.device,
    ...values,
    utcMicros(record.requestedMonoNs, zero),
    utcMicros(record.receivedMonoNs, zero),
    (record.receivedMonoNs - record.requestedMonoNs) / 1e9,
    record.producer,
    BigInt(record.seq),
    BigInt(record.exchange),
    unknown.length === 0 ? null : jsonLine(extra),
  ];
  return { cells, unknown };
}

/** Null when the cell is not of the declared type; the caller keeps it in `extra_json`. */
function toCell(cell: Cell, type: ColumnType, zero: RunZero): TableCell {
  switch (type) {
    case 'float':
      return typeof cell === 'number' ? cell : null;
    case 'int':
      return typeof cell === 'number' && Number.isSafeInteger(cell) ? BigInt(cell) : null;
    case 'bool':
      return typeof cell === 'boolean' ? cell : null;
    case 'string':
      return typeof cell === 'string' ? cell : null;
    case 'timestamp':
      return typeof cell === 'number' && Number.isSafeInteger(cell) ? utcMicros(cell, zero) : null;
  }
}

/** Run time on the run's anchor: what `t_utc` would be had the wall clock not moved. */
export function utcMicros(tMonoNs: number, zero: RunZero): bigint {
  const nanos = BigInt(Math.round(zero.utcMs * 1000)) * 1000n + BigInt(tMonoNs);
  return nanos >= 0n ? nanos / 1000n : (nanos - 999n) / 1000n;
}

import { isoUtc, logTimeNs, tMonoNs } from '../../record/clock.ts';
import type { RunZero } from '../../record/clock.ts';
import type { Json } from '../../record/event.ts';
import type { Cell, Health, LogItem, LogLevel, RecordItem, StatusItem } from '../../record/item.ts';
import type { JournalLog, JournalRecord, JournalStatus } from './item.ts';

const TEXT = new TextEncoder();
const UTF8 = new TextDecoder();
/** `foxglove.Log` levels, `spec/dam-quire-capsule.md` §6.5. */
const LEVELS: readonly [number, LogLevel][] = [
  [1, 'DEBUG'],
  [2, 'INFO'],
  [3, 'WARNING'],
  [4, 'ERROR'],
];
/** Numbers JSON cannot say; kept as text beside the columns so that no value changes. */
const SPECIAL: { readonly [text: string]: number } = {
  NaN: Number.NaN,
  Infinity: Number.POSITIVE_INFINITY,
  '-Infinity': Number.NEGATIVE_INFINITY,
  '-0': -0,
};

function specialText(cell: Cell): string | null {
  if (typeof cell !== 'number') return null;
  if (Object.is(cell, -0)) return '-0';
  return Number.isFinite(cell) ? null : String(cell);
}

interface RecordJson {
  readonly t_mono_ns: number;
  readonly requested_mono_ns: number;
  readonly received_mono_ns: number;
  readonly exchange: number;
  readonly columns: { readonly [column: string]: Cell };
  readonly special?: { readonly [column: string]: string };
}
interface StatusJson {
  readonly t_mono_ns: number;
  readonly health: Health;
  readonly fields: { readonly [key: string]: Json };
}
interface LogJson {
  readonly timestamp: { readonly sec: number; readonly nsec: number };
  readonly level: number;
  readonly message: string;
  readonly name: string;
  readonly file: string;
  readonly line: number;
  readonly t_mono_ns: number;
  readonly t_utc: string;
  readonly event: string;
  readonly fields: { readonly [key: string]: Json };
}

const encode = (value: RecordJson | StatusJson | LogJson): Uint8Array => TEXT.encode(JSON.stringify(value));

export function encodeRecord(item: RecordItem, zero: RunZero): Uint8Array {
  const special: [string, string][] = [];
  for (const column in item.columns) {
    const text = specialText(item.columns[column] ?? null);
    if (text !== null) special.push([column, text]);
  }
  return encode({
    t_mono_ns: tMonoNs(item.tHostMs, zero),
    requested_mono_ns: tMonoNs(item.requestedHostMs, zero),
    received_mono_ns: tMonoNs(item.receivedHostMs, zero),
    exchange: item.exchange,
    columns: item.columns,
    ...(special.length > 0 && { special: Object.fromEntries(special) }),
  });
}

export type DecodedRecord = Omit<JournalRecord, 'seq' | 'producer' | 'device' | 'family'>;

export function decodeRecord(data: Uint8Array): DecodedRecord {
  const json = JSON.parse(UTF8.decode(data)) as RecordJson;
  const special = Object.entries(json.special ?? {}).map(([column, text]) => [column, SPECIAL[text] ?? null]);
  return {
    type: 'record',
    tMonoNs: json.t_mono_ns,
    requestedMonoNs: json.requested_mono_ns,
    receivedMonoNs: json.received_mono_ns,
    exchange: json.exchange,
    columns:
      special.length === 0
        ? json.columns
        : { ...json.columns, ...(Object.fromEntries(special) as { [column: string]: Cell }) },
  };
}

export function encodeStatus(item: StatusItem, zero: RunZero): Uint8Array {
  return encode({ t_mono_ns: tMonoNs(item.tHostMs, zero), health: item.health, fields: item.fields });
}

export type DecodedStatus = Omit<JournalStatus, 'seq' | 'producer' | 'device' | 'family'>;

export function decodeStatus(data: Uint8Array): DecodedStatus {
  const json = JSON.parse(UTF8.decode(data)) as StatusJson;
  return { type: 'status', tMonoNs: json.t_mono_ns, health: json.health, fields: json.fields };
}

/** `foxglove.Log` with our own facts beside its fields, so that a Log panel shows it as it is. */
export function encodeLog(item: LogItem, zero: RunZero): Uint8Array {
  const mono = tMonoNs(item.tHostMs, zero);
  const timeNs = logTimeNs(mono, zero);
  const told = Object.entries(item.fields).map(([key, value]) => ` ${key}=${JSON.stringify(value)}`);
  return encode({
    timestamp: { sec: Number(timeNs / 1_000_000_000n), nsec: Number(timeNs % 1_000_000_000n) },
    level: LEVELS.find(([, level]) => level === item.level)?.[0] ?? 0,
    message: item.event + told.join(''),
    name: item.event,
    file: '',
    line: 0,
    t_mono_ns: mono,
    t_utc: isoUtc(item.tUtcMs),
    event: item.event,
    fields: item.fields,
  });
}

export type DecodedLog = Omit<JournalLog, 'seq' | 'producer'>;

export function decodeLog(data: Uint8Array): DecodedLog {
  const json = JSON.parse(UTF8.decode(data)) as LogJson;
  const level = LEVELS.find(([number]) => number === json.level)?.[1];
  if (level === undefined) throw new Error(`log message: level ${json.level}`);
  return {
    type: 'log',
    tMonoNs: json.t_mono_ns,
    tUtc: json.t_utc,
    level,
    event: json.event,
    fields: json.fields,
  };
}

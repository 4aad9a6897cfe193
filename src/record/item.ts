import type { HostMs } from './clock.ts';
import type { Json, RunEvent } from './event.ts';
import type { Lane, ProducerId } from './producer.ts';

/** A table cell of a device record. Bytes and dates are text. */
export type Cell = number | string | boolean | null;

/** Bytes on a wire, exactly as they passed. `exchange` counts per producer; 0 = unsolicited. */
export interface WireItem {
  readonly type: 'wire';
  readonly tHostMs: HostMs;
  readonly port: string;
  readonly device: string;
  readonly direction: 'tx' | 'rx';
  readonly exchange: number;
  readonly job: string;
  readonly bytes: Uint8Array;
}

/** One native row of one device: what the instrument said. Columns are those its family declares. */
export interface RecordItem {
  readonly type: 'record';
  /** Midpoint of request and reply. */
  readonly tHostMs: HostMs;
  readonly requestedHostMs: HostMs;
  readonly receivedHostMs: HostMs;
  readonly device: string;
  readonly family: string;
  readonly exchange: number;
  readonly columns: { readonly [column: string]: Cell };
}

/** Evenly or explicitly timed values of one channel of a device that scans fast. */
export interface BlockItem {
  readonly type: 'block';
  /** Time of `values[0]`. */
  readonly tHostMs: HostMs;
  readonly device: string;
  readonly family: string;
  /** Device field, bound to a channel by the rig. */
  readonly field: string;
  readonly dtMs: number;
  readonly values: Float64Array;
}

export type Health = 'ok' | 'degraded' | 'down';

export interface StatusItem {
  readonly type: 'status';
  readonly tHostMs: HostMs;
  readonly device: string;
  readonly family: string;
  readonly health: Health;
  readonly fields: { readonly [key: string]: Json };
}

export type LogLevel = 'DEBUG' | 'INFO' | 'WARNING' | 'ERROR';

/** A line of `run.log`: `event` is a dotted name, the rest free. */
export interface LogItem {
  readonly type: 'log';
  readonly tHostMs: HostMs;
  readonly tUtcMs: number;
  readonly level: LogLevel;
  readonly event: string;
  readonly fields: { readonly [key: string]: Json };
}

export type DataItem = WireItem | RecordItem | BlockItem | StatusItem | LogItem;

/**
 * What one bridge emission carries: one poll, one block, one event.
 * - `run`: to be recorded in the open run; numbered, kept until acknowledged.
 * - `kiosk`: events and log lines outside a run; recorded in `kiosk.sqlite`; numbered, kept until acknowledged.
 * - `live`: shown only (polls outside a run); not numbered (`firstSeq` 0), never kept.
 */
export type Scope = 'run' | 'kiosk' | 'live';

interface EnvelopeBase {
  readonly scope: Scope;
  readonly producer: ProducerId;
  readonly device: string;
  /** Lane number of `items[0]`; the others follow. */
  readonly firstSeq: number;
  /** Estimated payload size, for byte bounds. */
  readonly bytes: number;
}
export interface DataEnvelope extends EnvelopeBase {
  readonly lane: 'data';
  readonly items: readonly DataItem[];
}
export interface EventEnvelope extends EnvelopeBase {
  readonly lane: 'events';
  readonly items: readonly RunEvent[];
}
export type Envelope = DataEnvelope | EventEnvelope;

export function lastSeq(envelope: Envelope): number {
  return envelope.firstSeq + envelope.items.length - 1;
}

/** Size of an item as the bounds count it: payload plus a flat 64 for its frame. */
export function itemBytes(item: DataItem | RunEvent, lane: Lane): number {
  if (lane === 'events') return 256 + (item as RunEvent).message.length;
  const data = item as DataItem;
  switch (data.type) {
    case 'wire':
      return 64 + data.bytes.length;
    case 'block':
      return 64 + data.values.byteLength;
    case 'record':
      return 64 + 24 * Object.keys(data.columns).length;
    case 'status':
    case 'log':
      return 64 + 32 * Object.keys(data.fields).length;
  }
}

import type { Clock, HostMs } from '../record/clock.ts';
import type { Json, Severity } from '../record/event.ts';
import type { Cell, Health } from '../record/item.ts';
import type { Params } from './params.ts';

/** What a scanner makes of the bytes received so far. Pure; called again with more bytes. */
export type Scan<T> =
  | { readonly type: 'more' }
  /** A whole reply ends at `consumed`. */
  | { readonly type: 'frame'; readonly value: T; readonly consumed: number }
  /** Bytes that are not this reply (echo, garbage, another address); drop them and go on. */
  | { readonly type: 'skip'; readonly consumed: number; readonly why: ScanFault }
  /** The reply is here and bad. The link drains the line, then may retry a read. */
  | { readonly type: 'bad'; readonly code: ExchangeCode; readonly detail: string; readonly consumed: number };

export type ScanFault = 'echo' | 'garbage' | 'address' | 'stale';
export type Scanner<T> = (received: Uint8Array) => Scan<T>;

/** Why an exchange failed; stable codes, shown and counted. */
export type ExchangeCode =
  'timeout' | 'crc' | 'malformed' | 'nak' | 'unexpected' | 'lost' | 'line_error' | 'cancelled';

export interface ExchangeTimes {
  readonly requestedHostMs: HostMs;
  readonly receivedHostMs: HostMs;
  /** Number of the exchange, counted per producer from 1. */
  readonly exchange: number;
}
export type Exchange<T> =
  | ({ readonly ok: true; readonly value: T } & ExchangeTimes)
  | ({ readonly ok: false; readonly code: ExchangeCode; readonly detail: string } & ExchangeTimes);

export interface ExchangeOptions {
  readonly timeoutMs: number;
  /** Reads may be retried by the link (after a drain); writes and actions must be 0 (`spec/protocols.md` §0.3). */
  readonly retries: number;
}

/**
 * One wire, one request in flight. The link implements it over a byte channel: it empties the receive buffer before
 * a request, feeds the scanner, drains until 100 ms of quiet after any fault, stamps, taps every byte.
 */
export interface ExchangeLine {
  exchange<T>(request: Uint8Array, scan: Scanner<T>, options: ExchangeOptions): Promise<Exchange<T>>;
  /** Sends nothing; collects what arrives for `ms` (stream left on by an earlier session). */
  listen(ms: number): Promise<Uint8Array>;
}

export interface AdapterContext {
  readonly device: string;
  readonly params: Params;
  readonly line: ExchangeLine;
  readonly clock: Clock;
}

export interface Identity {
  readonly manufacturer: string;
  readonly model: string;
  readonly serial: string;
  readonly firmware: string;
  /** Anything else the device says of itself (part number, media, gas). */
  readonly extra: { readonly [key: string]: Json };
  /** Units the device reports per field, where the declaration says null. */
  readonly fieldUnits: { readonly [field: string]: string };
  /** Full scale per field, where the device tells it. */
  readonly fullScale: { readonly [field: string]: number };
}

/** One row to record; the link adds device, family and producer. */
export interface AdapterRecord {
  readonly columns: { readonly [column: string]: Cell };
  readonly requestedHostMs: HostMs;
  readonly receivedHostMs: HostMs;
  readonly exchange: number;
}

export interface AdapterEvent {
  readonly kind: string;
  readonly severity: Severity;
  readonly message: string;
  readonly metadata?: { readonly [key: string]: Json };
}

/** Result of one poll: what was read (also when partly failed) and the first failure. */
export interface Poll {
  readonly records: readonly AdapterRecord[];
  readonly events: readonly AdapterEvent[];
  readonly failure: { readonly code: ExchangeCode; readonly detail: string } | null;
}

export interface CommandOutcome {
  readonly accepted: boolean;
  readonly detail: string;
  readonly sent: { readonly [key: string]: Json };
}

export interface AdapterStatus {
  readonly health: Health;
  readonly fields: { readonly [key: string]: Json };
}

/** Sequence of exchanges with one device. Pure over its context: no port, no timers, no globals. */
export interface Adapter {
  /** Read-only; also the probe of an unknown port. Fails as a value when nobody of this family answers. */
  identify(): Promise<{ ok: true; identity: Identity } | { ok: false; code: ExchangeCode; detail: string }>;
  poll(): Promise<Poll>;
  command(kind: string, payload: { readonly [key: string]: Json }): Promise<CommandOutcome>;
  /** Drives outputs to their safe value and reads back. */
  makeSafe(): Promise<CommandOutcome>;
  status(): AdapterStatus;
  close(): Promise<void>;
}

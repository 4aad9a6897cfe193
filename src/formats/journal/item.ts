import type { Json } from '../../record/event.ts';
import type { Cell, Health, LogLevel } from '../../record/item.ts';

/** A journal message read back: the same facts as `record/item.ts`, on the run's own clock. */
interface JournalBase {
  /** Data-lane number, MCAP `sequence`. */
  readonly seq: number;
  readonly producer: string;
  readonly tMonoNs: number;
}
export interface JournalWire extends JournalBase {
  readonly type: 'wire';
  readonly port: string;
  readonly device: string;
  readonly direction: 'tx' | 'rx';
  readonly exchange: number;
  readonly job: string;
  readonly bytes: Uint8Array;
}
export interface JournalRecord extends JournalBase {
  readonly type: 'record';
  readonly device: string;
  readonly family: string;
  readonly exchange: number;
  readonly requestedMonoNs: number;
  readonly receivedMonoNs: number;
  readonly columns: { readonly [column: string]: Cell };
}
export interface JournalBlock extends JournalBase {
  readonly type: 'block';
  readonly device: string;
  readonly family: string;
  readonly field: string;
  readonly dtNs: number;
  readonly values: Float64Array;
}
export interface JournalStatus extends JournalBase {
  readonly type: 'status';
  readonly device: string;
  readonly family: string;
  readonly health: Health;
  readonly fields: { readonly [key: string]: Json };
}
export interface JournalLog extends JournalBase {
  readonly type: 'log';
  readonly tUtc: string;
  readonly level: LogLevel;
  readonly event: string;
  readonly fields: { readonly [key: string]: Json };
}
export type JournalItem = JournalWire | JournalRecord | JournalBlock | JournalStatus | JournalLog;

/**
 * Topics. The producer (with its epoch) is in the channel's metadata `producer`, so one topic has one MCAP channel per
 * producer and `sequence` is that producer's data-lane number.
 */
export const TOPIC = {
  wire: (port: string) => `/wire/${port}`,
  record: (device: string) => `/records/${device}`,
  block: (device: string) => `/blocks/${device}`,
  status: (device: string) => `/status/${device}`,
  log: '/log',
} as const;

/** Names of MCAP metadata records and of the attachments at the head of part 1. */
export const JOURNAL_METADATA = { session: 'session', part: 'part', plan: 'plan' } as const;

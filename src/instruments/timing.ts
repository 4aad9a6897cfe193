import type { ColumnSpec } from '../rig/device-schema.ts';
import type { ExchangeTimes } from './adapter.ts';

/**
 * The timing columns of every polled family (`spec/capa.md` §3.2). Adapters fill `latency_s` only: the three
 * timestamps are `t_mono_ns` values, and run zero is not known here. Whoever writes the table takes them from
 * `RecordItem.requestedHostMs`, `receivedHostMs` and `tHostMs` (the midpoint).
 */
export const TIMING_COLUMNS: readonly ColumnSpec[] = [
  { name: 'requested_at', type: 'timestamp' },
  { name: 'received_at', type: 'timestamp' },
  { name: 'midpoint_at', type: 'timestamp' },
  { name: 'latency_s', type: 'float' },
];

/** Request to last byte of the reply, s, to the microsecond (host clocks resolve 5 µs). */
export function latencyS(times: ExchangeTimes): number {
  return Math.round((times.receivedHostMs - times.requestedHostMs) * 1e3) / 1e6;
}

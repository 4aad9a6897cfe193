/**
 * Time, as `design.md` §4 has it.
 *
 * `HostMs` is epoch milliseconds on the monotonic scale of the conductor: `timeOrigin + now()` of the thread
 * that read the bytes, plus that thread's measured offset to the conductor. A double resolves it to 0.25 µs.
 */
export type HostMs = number;

export interface Clock {
  /** Monotonic host time, ms. Never steps back within a thread. */
  hostMs(): HostMs;
  /** Wall clock, epoch ms. May jump. */
  utcMs(): number;
  /** Resolves after `ms`, or rejects with the signal's reason. */
  sleep(ms: number, signal?: AbortSignal): Promise<void>;
}

/** Run zero: the moment Start was accepted, on both scales. */
export interface RunZero {
  readonly hostMs: HostMs;
  readonly utcMs: number;
}

/** Nanoseconds since run zero: a safe integer for 104 days. The only legal join key. */
export function tMonoNs(hostMs: HostMs, zero: RunZero): number {
  return Math.round((hostMs - zero.hostMs) * 1e6);
}

/** MCAP `log_time`: anchor + `t_mono_ns`, epoch nanoseconds. */
export function logTimeNs(tMonoNsValue: number, zero: RunZero): bigint {
  return BigInt(Math.round(zero.utcMs)) * 1_000_000n + BigInt(tMonoNsValue);
}

/** ISO-8601 UTC with microseconds, `2026-05-06T12:00:00.000000Z`, of epoch ms. */
export function isoUtc(utcMs: number): string {
  const wholeMs = Math.floor(utcMs);
  const micros = Math.min(999, Math.floor((utcMs - wholeMs) * 1000));
  return `${new Date(wholeMs).toISOString().slice(0, -1)}${String(micros).padStart(3, '0')}Z`;
}

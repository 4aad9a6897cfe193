/**
 * A hole in the readings of one device: when it began, why, and, once readings are back, how large it was. Both edges
 * are in the record (`design.md` §2).
 */
import { isoUtc, tMonoNs, type Clock, type HostMs, type RunZero } from '../record/clock.ts';
import type { Json } from '../record/event.ts';

export type OutageCause = 'lost' | 'late' | 'not_connected' | 'blocked' | 'stalled';

export interface Outage {
  readonly cause: OutageCause;
  /** Last good reading before the hole, or when reading should have begun. */
  readonly fromMs: HostMs;
}

/** Metadata of `recording.gap`. `*_mono_ns` only inside a run; a hole older than run zero begins there. */
export function gapMetadata(
  device: string,
  outage: Outage,
  toMs: HostMs,
  periodMs: number,
  zero: RunZero | null,
  clock: Clock,
): { readonly [key: string]: Json } {
  const fromMs = zero === null ? outage.fromMs : Math.max(outage.fromMs, zero.hostMs);
  const gapMs = Math.max(0, toMs - fromMs);
  const utcMinusHostMs = clock.utcMs() - clock.hostMs();
  return {
    device,
    cause: outage.cause,
    ...(zero === null ? {} : { from_mono_ns: tMonoNs(fromMs, zero), to_mono_ns: tMonoNs(toMs, zero) }),
    from_utc: isoUtc(fromMs + utcMinusHostMs),
    to_utc: isoUtc(toMs + utcMinusHostMs),
    gap_s: Math.round(gapMs) / 1000,
    // The reading at either edge is there: a hole of two periods misses one poll.
    missed_polls: Math.max(0, Math.round(gapMs / periodMs) - 1),
  };
}

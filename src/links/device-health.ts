/**
 * Health of one device, from what was counted. It can recover: CAPA's error counter never resets within a run, so one
 * glitch pins `degraded` there (`spec/capa.md` §2.3 GAP). Here a device is as healthy as its last half minute.
 */
import type { HostMs } from '../record/clock.ts';
import type { Health } from '../record/item.ts';
import type { LinkPhase } from '../wire/messages.ts';

/** A failure is forgiven after this long without another. */
export const FORGIVEN_MS = 30_000;
/** Newest sample older than this many periods: degraded. */
const STALE_PERIODS = 3;
/** Nothing good for this long: down, even if the port is there. */
const DOWN_MS_MIN = 10_000;
const DOWN_PERIODS = 10;
/** One bad reply costs a timeout and a drain; a second of silence is no longer that. */
const LATE_MS_MIN = 1000;
const LATE_PERIODS = 2;

/** Silence after which a device is called late: two periods (`spec/capa.md` §4.4), at least a second. */
export function lateAfterMs(periodMs: number): number {
  return Math.max(LATE_PERIODS * periodMs, LATE_MS_MIN);
}

export interface HealthFacts {
  readonly phase: LinkPhase;
  readonly periodMs: number;
  readonly nowMs: HostMs;
  readonly lastGoodMs: HostMs | null;
  readonly lastFailureMs: HostMs | null;
  /** What the adapter says of the instrument itself. */
  readonly adapter: Health;
}

const WORSE: Readonly<Record<Health, number>> = { ok: 0, degraded: 1, down: 2 };

export function healthOf(facts: HealthFacts): Health {
  const own = linkHealth(facts);
  return WORSE[facts.adapter] > WORSE[own] ? facts.adapter : own;
}

function linkHealth({ phase, periodMs, nowMs, lastGoodMs, lastFailureMs }: HealthFacts): Health {
  if (phase !== 'polling' && phase !== 'late') return 'down';
  if (lastGoodMs === null) return 'degraded';
  const ageMs = nowMs - lastGoodMs;
  if (ageMs > Math.max(DOWN_MS_MIN, DOWN_PERIODS * periodMs)) return 'down';
  const stale = ageMs > Math.max(STALE_PERIODS * periodMs, LATE_MS_MIN);
  const failing = lastFailureMs !== null && nowMs - lastFailureMs < FORGIVEN_MS;
  return phase === 'late' || stale || failing ? 'degraded' : 'ok';
}

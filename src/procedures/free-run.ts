/** Free run: watch and record until a duration has passed or somebody stops it (`spec/capa.md` §2.2). */
import type { HostMs, RunZero } from '../record/clock.ts';
import type { RunOutcome } from '../record/run-state.ts';

export const FREE_RUN = {
  id: 'free_run',
  version: '1',
  job: 'free_run',
  source: 'procedure:free_run',
} as const;

/** A day past any sensible test: what is asked for by a slipped digit is refused, not run. */
export const DURATION_MAX_S = 31 * 86_400;

/** Null = until stopped. Returns why not, with the numbers, or null when it is fine. */
export function durationProblem(durationS: number | null): string | null {
  if (durationS === null) return null;
  if (Number.isFinite(durationS) && durationS > 0 && durationS <= DURATION_MAX_S) return null;
  return `expected a duration above 0 s and at most ${DURATION_MAX_S} s, actual ${durationS}`;
}

/** When it ends by itself; null = never. */
export function endsAtHostMs(zero: RunZero, durationS: number | null): HostMs | null {
  return durationS === null ? null : zero.hostMs + durationS * 1000;
}

export const PROCEDURE_COMPLETE: RunOutcome = { runStatus: 'completed', exitReason: 'procedure_complete' };

export function stoppedBy(outcome: RunOutcome): 'duration_elapsed' | 'external_stop' {
  return outcome.exitReason === PROCEDURE_COMPLETE.exitReason ? 'duration_elapsed' : 'external_stop';
}

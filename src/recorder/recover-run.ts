import { isoUtc } from '../record/clock.ts';
import { KIND } from '../record/taxonomy.ts';
import type { FoundRun } from './found-run.ts';
import { RunSession } from './run-session.ts';
import type { RecorderTools } from './tools.ts';

/**
 * Ends a run nobody goes on with (`design.md` §3.9): says what was lost per device, unless the run had already said
 * how it ended, and puts its events into a slot. It is ready to be sealed then; without `run.ended` as crashed.
 */
export async function recoverRun(tools: RecorderTools, found: FoundRun): Promise<void> {
  const session = await RunSession.resume(tools, found, found);
  const { events } = session;
  if (!(await session.hasEnded())) {
    const { zero } = found.plan;
    const lastMonoNs = Math.max(events.lastMonoNs ?? 0, ...found.lastMonoNsByDevice.values(), 0);
    const lastUtcMs = zero.utcMs + lastMonoNs / 1e6;
    const recoveredUtcMs = tools.clock.utcMs();
    const silent = [...found.lastMonoNsByDevice]
      .filter(([device]) => device !== 'conductor' && device !== 'recorder')
      .map(([device, mono]) => [device, (lastMonoNs - mono) / 1e9] as const);
    session.say({
      kind: KIND.recovered,
      severity: 'error',
      // The last recorded moment, so that the run ends where its record ends.
      tHostMs: zero.hostMs + lastMonoNs / 1e6,
      tUtcMs: lastUtcMs,
      message: recoveredWords(lastUtcMs, recoveredUtcMs, silent),
      metadata: {
        recorded_until_mono_ns: lastMonoNs,
        recorded_until_utc: isoUtc(lastUtcMs),
        recovered_utc: isoUtc(recoveredUtcMs),
        not_recorded_s: (recoveredUtcMs - lastUtcMs) / 1000,
        silent_before_end_s: Object.fromEntries(silent),
      },
    });
  }
  await session.close();
}

function recoveredWords(
  lastUtcMs: number,
  recoveredUtcMs: number,
  silent: readonly (readonly [string, number])[],
): string {
  const gapS = ((recoveredUtcMs - lastUtcMs) / 1000).toFixed(1);
  const devices = silent.map(([device, s]) => `${device} ${s.toFixed(2)} s`).join(', ');
  return `recovered after a hard exit: nothing recorded for ${gapS} s since ${isoUtc(lastUtcMs)}; last readings before that: ${devices || 'none'}`;
}

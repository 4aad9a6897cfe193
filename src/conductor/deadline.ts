import type { Clock } from '../record/clock.ts';
import { CallError } from '../wire/call.ts';

/**
 * Waits for another thread, at most `ms`, and not beyond its death. Rejects with code `timeout` or `gone`: a promise
 * over a dead port never settles by itself.
 */
export async function within<T>(
  clock: Clock,
  ms: number,
  what: string,
  work: Promise<T>,
  gone?: Promise<void>,
): Promise<T> {
  const settled = new AbortController();
  const late = clock.sleep(ms, settled.signal).then(
    () => Promise.reject(new CallError('timeout', `${what}: no answer within ${ms} ms`)),
    () => new Promise<never>(() => {}),
  );
  const dead = gone?.then(() => Promise.reject(new CallError('gone', `${what}: the other thread ended`)));
  try {
    return await Promise.race(dead === undefined ? [work, late] : [work, late, dead]);
  } finally {
    settled.abort();
  }
}

export function codeOf(error: unknown): string {
  if (error instanceof Error && 'code' in error && typeof error.code === 'string') return error.code;
  return 'unexpected';
}

export function wordsOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

import { setTimeout as sleep } from 'node:timers/promises';

/**
 * Asks until the answer is truthy and returns it. At the deadline it throws what was awaited and what was there
 * instead, so that a failed test says what it saw.
 */
export async function waitUntil<T>(
  what: string,
  timeoutMs: number,
  probe: () => Promise<T> | T,
  seen: () => Promise<unknown> | unknown = () => undefined,
  everyMs = 50,
): Promise<Exclude<T, false | null | undefined>> {
  const deadline = performance.now() + timeoutMs;
  for (;;) {
    const answer = await probe();
    if (answer !== undefined && answer !== null && answer !== false)
      return answer as Exclude<T, false | null | undefined>;
    if (performance.now() > deadline) {
      const state = await Promise.resolve(seen()).catch((error: unknown) => `(no state: ${String(error)})`);
      throw new Error(
        `Waited ${timeoutMs} ms for ${what}.${state === undefined ? '' : ` Instead: ${JSON.stringify(state, null, 1)}`}`,
      );
    }
    await sleep(everyMs);
  }
}

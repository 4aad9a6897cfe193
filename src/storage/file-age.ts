import { SLOT_AGE_MAX_MS, SLOT_AGE_MIN_MS } from './slot.ts';

/** Both clocks of this page: monotonic for waiting, wall for dates. */
export interface AgeClock {
  monoMs(): number;
  utcMs(): number;
}

/**
 * Whether a file may hold acknowledged bytes (`design.md` §3.6): its *name* is durable only some time after it was
 * made. Old enough = seen for 60 s on this page's own clock, or made between 60 s and 10 years ago by its date.
 */
export class FileAges {
  readonly #clock: AgeClock;
  readonly #firstSeenMonoMs = new Map<string, number>();

  constructor(clock: AgeClock) {
    this.#clock = clock;
  }

  see(name: string): void {
    if (!this.#firstSeenMonoMs.has(name)) this.#firstSeenMonoMs.set(name, this.#clock.monoMs());
  }

  forget(name: string): void {
    this.#firstSeenMonoMs.delete(name);
  }

  /** Milliseconds until the file is old enough; 0 = it is. */
  waitMs(name: string, createdUtcMs: number): number {
    const dateAgeMs = this.#clock.utcMs() - createdUtcMs;
    if (dateAgeMs >= SLOT_AGE_MIN_MS && dateAgeMs <= SLOT_AGE_MAX_MS) return 0;
    const seenMs = this.#clock.monoMs() - (this.#firstSeenMonoMs.get(name) ?? this.#clock.monoMs());
    const bySeeing = Math.max(0, SLOT_AGE_MIN_MS - seenMs);
    // A date from the future says nothing; one of the last minute tells when that minute is over.
    return dateAgeMs < 0 || dateAgeMs > SLOT_AGE_MAX_MS
      ? bySeeing
      : Math.min(bySeeing, SLOT_AGE_MIN_MS - dateAgeMs);
  }
}

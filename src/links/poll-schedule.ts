import type { HostMs } from '../record/clock.ts';

/** When to poll: on an absolute grid, so that a slow poll delays nothing but itself. Turns that passed are counted. */
export class PollSchedule {
  readonly periodMs: number;
  readonly #startMs: HostMs;
  #turn = 0;
  #missed = 0;

  constructor(rateHz: number, startMs: HostMs) {
    if (!(rateHz > 0)) throw new RangeError(`rate_hz: expected above 0, actual ${rateHz}`);
    this.periodMs = 1000 / rateHz;
    this.#startMs = startMs;
  }

  get dueMs(): HostMs {
    return this.#startMs + this.#turn * this.periodMs;
  }
  /** Turns that passed without a poll, since the start. */
  get missed(): number {
    return this.#missed;
  }

  /** Ends the turn that is due. The next one is the first still to come (at most one may be just due). */
  advance(nowMs: HostMs): number {
    const due = this.#turn + 1;
    const passed = Math.floor((nowMs - this.#startMs) / this.periodMs);
    this.#turn = Math.max(due, passed);
    const skipped = this.#turn - due;
    this.#missed += skipped;
    return skipped;
  }
}

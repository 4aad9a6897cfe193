import type { Ack, Lane } from '../record/producer.ts';

/** What of an envelope is new: `skip` items are not to be taken, `hole` items before it never came. */
export interface LaneStep {
  readonly skip: number;
  readonly hole: number;
}

/**
 * How far each producer's lane is accepted and recorded. A lane never goes back. Where lanes are `strict` they begin with
 * 1, and what comes after a hole is not taken: a cumulative acknowledgement of it would cover what is missing.
 */
export class Lanes {
  readonly #lane: Lane;
  readonly #strict: boolean;
  readonly #accepted = new Map<string, number>();
  readonly #recorded = new Map<string, number>();
  #holes = 0;

  constructor(lane: Lane, have: readonly Ack[], strict: boolean) {
    this.#lane = lane;
    this.#strict = strict;
    for (const ack of have) {
      if (ack.lane !== lane) continue;
      this.#accepted.set(ack.producer, ack.upTo);
      this.#recorded.set(ack.producer, ack.upTo);
    }
  }

  /** Numbers that never came; 0 unless a rule of the bridge was broken. */
  get holes(): number {
    return this.#holes;
  }

  /** Takes `count` items from `firstSeq`; resent ones are skipped. */
  accept(producer: string, firstSeq: number, count: number): LaneStep {
    const before = this.#accepted.get(producer) ?? (this.#strict ? 0 : firstSeq - 1);
    const last = firstSeq + count - 1;
    const hole = Math.max(0, firstSeq - before - 1);
    this.#holes += hole;
    if (hole > 0 && this.#strict) return { skip: count, hole };
    this.#accepted.set(producer, Math.max(before, last));
    return { skip: Math.min(count, Math.max(0, before + 1 - firstSeq)), hole };
  }

  record(producer: string, upTo: number): void {
    this.#recorded.set(producer, Math.max(upTo, this.#recorded.get(producer) ?? 0));
  }

  recordedUpTo(producer: string): number {
    return this.#recorded.get(producer) ?? 0;
  }

  ackOf(producer: string): Ack {
    return { producer, lane: this.#lane, upTo: this.recordedUpTo(producer) };
  }

  acks(): Ack[] {
    return [...this.#recorded.keys()].map((producer) => this.ackOf(producer));
  }
}

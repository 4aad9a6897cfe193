import type { Ack, Lane } from '../record/producer.ts';

/** What of an envelope is new: `skip` items are recorded already, `hole` items never came. */
export interface LaneStep {
  readonly skip: number;
  readonly hole: number;
}

/** How far each producer's lane is accepted and recorded. A lane never goes back. */
export class Lanes {
  readonly #lane: Lane;
  readonly #accepted = new Map<string, number>();
  readonly #recorded = new Map<string, number>();
  #holes = 0;

  constructor(lane: Lane, have: readonly Ack[] = []) {
    this.#lane = lane;
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
    const before = this.#accepted.get(producer);
    const last = firstSeq + count - 1;
    const expected = (before ?? firstSeq - 1) + 1;
    const hole = Math.max(0, firstSeq - expected);
    this.#holes += hole;
    this.#accepted.set(producer, Math.max(before ?? 0, last));
    return { skip: Math.min(count, Math.max(0, expected - firstSeq)), hole };
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

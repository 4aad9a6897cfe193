/**
 * What is not acknowledged yet, kept by producers and by the conductor alike (`design.md` §3.4): the one survives the
 * conductor's death, the other the page's. Per producer and lane, in order, without holes.
 */
import type { Clock, HostMs } from '../record/clock.ts';
import type { Envelope, Scope } from '../record/item.ts';
import { lastSeq } from '../record/item.ts';
import type { Ack } from '../record/producer.ts';
import { BridgeBroken } from './bridge.ts';
import { Fifo } from './fifo.ts';

export const KEPT_BYTES_MAX = 16 * 1024 * 1024;
export const KEPT_AGE_MAX_MS = 8000;
/** Lanes remembered after they are empty; a lane lives as long as one arm of one device. */
const LANES_MAX = 4096;

export interface KeptUntilAckedOptions {
  readonly clock: Pick<Clock, 'hostMs'>;
  readonly bytesMax?: number;
  /** Of `run` envelopes only: what happens outside a run may wait for a recorder that is not there yet. */
  readonly ageMaxMs?: number;
}

interface Kept {
  readonly envelope: Envelope;
  readonly keptAtMs: HostMs;
  /** Rises over all lanes: the order of arrival. */
  readonly order: number;
}

interface LaneState {
  readonly kept: Fifo<Kept>;
  lastKept: number;
  ackedUpTo: number;
}

/** `new`: next in its lane. `kept`/`acked`: a resend of what is here or recorded. `hole`: something before it is missing. */
export type Place = 'new' | 'kept' | 'acked' | 'hole';

export class KeptUntilAcked {
  readonly #clock: Pick<Clock, 'hostMs'>;
  readonly #bytesMax: number;
  readonly #ageMaxMs: number;
  readonly #lanes = new Map<string, LaneState>();
  /** Lanes that hold something. */
  readonly #busy = new Set<LaneState>();
  #bytes = 0;
  #bytesPeak = 0;
  #count = 0;
  #order = 0;

  constructor(options: KeptUntilAckedOptions) {
    this.#clock = options.clock;
    this.#bytesMax = options.bytesMax ?? KEPT_BYTES_MAX;
    this.#ageMaxMs = options.ageMaxMs ?? KEPT_AGE_MAX_MS;
  }

  /** The gauge: bytes not acknowledged. */
  get bytes(): number {
    return this.#bytes;
  }
  get bytesPeak(): number {
    return this.#bytesPeak;
  }
  get envelopes(): number {
    return this.#count;
  }

  /** False when a bound stops the producer: bytes, or the age of the oldest run envelope. */
  hasRoom(bytes: number, scope: Scope): boolean {
    if (this.#count > 0 && this.#bytes + bytes > this.#bytesMax) return false;
    return scope !== 'run' || this.oldestRunMs() <= this.#ageMaxMs;
  }

  /** Age of the oldest kept envelope of a run, ms; 0 when there is none. */
  oldestRunMs(): number {
    let oldest = Infinity;
    for (const lane of this.#busy) {
      const head = lane.kept.peek();
      if (head !== undefined && head.envelope.scope === 'run') oldest = Math.min(oldest, head.keptAtMs);
    }
    return oldest === Infinity ? 0 : this.#clock.hostMs() - oldest;
  }

  /** How far the lanes of the run came that still hold something. */
  runLanes(): Ack[] {
    return [...this.#busy].flatMap((lane) => {
      const head = lane.kept.peek();
      if (head?.envelope.scope !== 'run') return [];
      return [{ producer: head.envelope.producer, lane: head.envelope.lane, upTo: lane.lastKept }];
    });
  }

  place(envelope: Envelope): Place {
    const lane = this.#lanes.get(laneKey(envelope));
    if (lane === undefined) return 'new';
    if (lastSeq(envelope) <= lane.ackedUpTo) return 'acked';
    if (lastSeq(envelope) <= lane.lastKept) return 'kept';
    return envelope.firstSeq > lane.lastKept + 1 ? 'hole' : 'new';
  }

  keep(envelope: Envelope): void {
    if (envelope.scope === 'live' || envelope.firstSeq < 1)
      throw new BridgeBroken(`not numbered, cannot be kept: ${envelope.producer} ${envelope.scope}`);
    const lane = this.#lane(envelope, envelope.firstSeq - 1);
    // Its first items may be recorded already: a chunk can close in the middle of an envelope.
    if (envelope.firstSeq > lane.lastKept + 1 || lastSeq(envelope) <= lane.lastKept)
      throw new BridgeBroken(
        `${laneKey(envelope)}: expected number ${lane.lastKept + 1}, actual ${envelope.firstSeq}`,
      );
    this.#busy.add(lane);
    lane.kept.push({ envelope, keptAtMs: this.#clock.hostMs(), order: this.#order });
    lane.lastKept = lastSeq(envelope);
    this.#order += 1;
    this.#count += 1;
    this.#bytes += envelope.bytes;
    this.#bytesPeak = Math.max(this.#bytesPeak, this.#bytes);
  }

  /** Forgets what is recorded. Cumulative, so an old or repeated ack changes nothing. */
  ack(acks: readonly Ack[]): void {
    for (const ack of acks) {
      const lane = this.#lane(ack, ack.upTo);
      lane.ackedUpTo = Math.max(lane.ackedUpTo, ack.upTo);
      lane.lastKept = Math.max(lane.lastKept, ack.upTo);
      this.#release(lane, lane.ackedUpTo);
    }
  }

  /** Lets go of what will never be recorded. It does not count as recorded. */
  giveUp(upTo: readonly Ack[]): void {
    for (const given of upTo) {
      const lane = this.#lanes.get(laneKey(given));
      if (lane !== undefined) this.#release(lane, given.upTo);
    }
  }

  /** What the other end lacks, oldest first, after `have` is taken off. */
  resendFrom(have: readonly Ack[]): Envelope[] {
    this.ack(have);
    return [...this.#busy]
      .flatMap((lane) => [...lane.kept])
      .sort((a, b) => a.order - b.order)
      .map(({ envelope }) => envelope);
  }

  ackedUpTo(producer: string, lane: Ack['lane']): number {
    return this.#lanes.get(laneKey({ producer, lane }))?.ackedUpTo ?? 0;
  }

  /** How far each lane of a producer came: what it holds or knows recorded. */
  keptUpTo(producer: string, lane: Ack['lane']): number {
    return this.#lanes.get(laneKey({ producer, lane }))?.lastKept ?? 0;
  }

  isAcked(upTo: readonly Ack[]): boolean {
    return upTo.every((ack) => this.ackedUpTo(ack.producer, ack.lane) >= ack.upTo);
  }

  #release(lane: LaneState, upTo: number): void {
    for (let head = lane.kept.peek(); head !== undefined; head = lane.kept.peek()) {
      if (lastSeq(head.envelope) > upTo) break;
      lane.kept.shift();
      this.#count -= 1;
      this.#bytes -= head.envelope.bytes;
    }
    if (lane.kept.length === 0) this.#busy.delete(lane);
  }

  #lane(of: { readonly producer: string; readonly lane: Ack['lane'] }, startAt: number): LaneState {
    const key = laneKey(of);
    const found = this.#lanes.get(key);
    if (found !== undefined) return found;
    this.#forgetEmptyLanes();
    const made: LaneState = { kept: new Fifo(), lastKept: startAt, ackedUpTo: 0 };
    this.#lanes.set(key, made);
    return made;
  }

  #forgetEmptyLanes(): void {
    if (this.#lanes.size < LANES_MAX) return;
    for (const [key, lane] of this.#lanes) {
      if (this.#lanes.size < LANES_MAX / 2) return;
      if (lane.kept.length === 0) this.#lanes.delete(key);
    }
  }
}

function laneKey(of: { readonly producer: string; readonly lane: Ack['lane'] }): string {
  return `${of.producer} ${of.lane}`;
}

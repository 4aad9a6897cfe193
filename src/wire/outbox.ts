/**
 * The sending half of a link: the bridge and what is kept until acknowledged, as one queue.
 *
 * The order of a lane never breaks: after a reconnect everything kept goes again first, then what is new.
 * A producer (instrument → conductor) and the conductor (→ recorder) each hold one.
 */
import type { Clock } from '../record/clock.ts';
import { type Envelope, lastSeq } from '../record/item.ts';
import type { Ack } from '../record/producer.ts';
import { KeptUntilAcked, type Place } from './ack-store.ts';
import { BridgeBroken, BridgeSender } from './bridge.ts';
import { Fifo } from './fifo.ts';
import type { BridgeCounters, BridgeFrame } from './messages.ts';

const WAITERS_MAX = 1024;

export interface OutboxOptions {
  readonly clock: Pick<Clock, 'hostMs'>;
  /** `capacityFor(Σ rate_hz)`. */
  readonly capacity: number;
  readonly bytesMax?: number;
  readonly keptBytesMax?: number;
  readonly keptAgeMaxMs?: number;
}

interface Waiting {
  readonly envelope: Envelope;
  readonly accepted: () => void;
}

export class Outbox {
  readonly kept: KeptUntilAcked;
  readonly #clock: Pick<Clock, 'hostMs'>;
  readonly #sender: BridgeSender<Envelope>;
  readonly #waiting = new Fifo<Waiting>();
  /** Kept and to be sent (again) before anything new. Empty except after a (re)connect. */
  #unsent = new Fifo<Envelope>();
  #watchers: { readonly upTo: readonly Ack[]; readonly reached: () => void }[] = [];
  #connected = false;
  #blockedAtMs: number | null = null;
  #blockedTotalMs = 0;

  constructor(options: OutboxOptions) {
    this.#clock = options.clock;
    this.kept = new KeptUntilAcked({
      clock: options.clock,
      ...(options.keptBytesMax === undefined ? {} : { bytesMax: options.keptBytesMax }),
      ...(options.keptAgeMaxMs === undefined ? {} : { ageMaxMs: options.keptAgeMaxMs }),
    });
    this.#sender = new BridgeSender<Envelope>({
      post: () => {
        throw new BridgeBroken('posted before it was connected');
      },
      clock: options.clock,
      capacity: options.capacity,
      ...(options.bytesMax === undefined ? {} : { bytesMax: options.bytesMax }),
    });
  }

  get connected(): boolean {
    return this.#connected;
  }

  /** The streams behind it changed: `capacityFor(Σ rate_hz)`. */
  setCapacity(capacity: number): void {
    this.#sender.setCapacity(capacity);
    this.#pump();
  }

  /** A (new) other end. `have` = what it already has, if it said so: the rest goes again, oldest first. */
  connect(post: (frame: BridgeFrame<Envelope>) => void, have: readonly Ack[] = []): void {
    this.#connected = true;
    this.#sender.reconnect(post);
    this.#resend(have);
  }

  /** The other end is gone: emissions are kept (bounded) instead of waiting for its credits. */
  disconnect(): void {
    this.#connected = false;
    this.#sender.reconnect(() => {
      throw new BridgeBroken('posted while it was not connected');
    });
    this.#unsent.clear();
    this.#pump();
  }

  /**
   * Resolves when the envelope is accepted: kept, and posted if there is another end. Envelopes of one producer must
   * be given in order; a numbered one that leaves a hole throws.
   */
  emit(envelope: Envelope): Promise<void> {
    if (this.#waiting.length === 0 && this.#admits(envelope)) {
      this.#admit(envelope);
      return Promise.resolve();
    }
    if (this.#waiting.length >= WAITERS_MAX)
      throw new BridgeBroken(`${this.#waiting.length} emissions wait, at most ${WAITERS_MAX}`);
    this.#blockedAtMs ??= this.#clock.hostMs();
    return new Promise((accepted) => this.#waiting.push({ envelope, accepted }));
  }

  /** Where an envelope that came from below stands in its lane. */
  place(envelope: Envelope): Place {
    return this.kept.place(envelope);
  }

  /** `take`, `ack`, `have` and `forget`; false for a frame that is none of these. */
  onFrame(frame: { readonly type: string }): boolean {
    // Credits of an end that is gone: what they are for was taken back when it went.
    if (!this.#connected && frame.type === 'take') return true;
    if (this.#sender.onFrame(frame)) {
      this.#pump();
      return true;
    }
    if (isAck(frame)) {
      this.ack(frame.acks);
      return true;
    }
    if (isHave(frame)) {
      this.#resend(frame.have);
      return true;
    }
    if (isForget(frame)) {
      this.#giveUp(frame.upTo);
      return true;
    }
    return false;
  }

  ack(acks: readonly Ack[]): void {
    this.kept.ack(acks);
    this.#tellWatchers();
    this.#pump();
  }

  /**
   * The run is over and what is left of it will never be recorded: forgets it, lets those who wait go on. Returns the
   * lanes that lost something, for whoever else keeps them.
   */
  forgetRun(): readonly Ack[] {
    const lost = this.kept.runLanes();
    const waiting = [...this.#waiting];
    this.#waiting.clear();
    for (const { envelope, accepted } of waiting) {
      if (envelope.scope !== 'run') this.#waiting.push({ envelope, accepted });
      else {
        lost.push({ producer: envelope.producer, lane: envelope.lane, upTo: lastSeq(envelope) });
        accepted();
      }
    }
    this.#giveUp(lost);
    return lost;
  }

  /** Resolves when all of this is recorded. The caller brings the timeout. */
  whenAcked(upTo: readonly Ack[]): Promise<void> {
    if (this.kept.isAcked(upTo)) return Promise.resolve();
    return new Promise((reached) => this.#watchers.push({ upTo, reached }));
  }

  /** Of the bridge; blocked = stopped by either bound, credits or what is kept. */
  counters(): BridgeCounters {
    const blockedMs = this.#blockedAtMs === null ? -1 : this.#clock.hostMs() - this.#blockedAtMs;
    return {
      ...this.#sender.counters(),
      blockedTotalMs: this.#blockedTotalMs + Math.max(0, blockedMs),
      blockedSinceMs: blockedMs,
    };
  }

  /** The kept go first: nothing that waits may pass before they are queued. */
  #resend(have: readonly Ack[]): void {
    const again = this.kept.resendFrom(have);
    this.#unsent.clear();
    if (this.#connected) for (const envelope of again) this.#unsent.push(envelope);
    this.#tellWatchers();
    this.#pump();
  }

  #giveUp(upTo: readonly Ack[]): void {
    this.kept.giveUp(upTo);
    const still = [...this.#unsent].filter((envelope) => !isWithin(envelope, upTo));
    this.#unsent.clear();
    for (const envelope of still) this.#unsent.push(envelope);
    this.#pump();
  }

  #tellWatchers(): void {
    this.#watchers = this.#watchers.filter(({ upTo, reached }) => {
      if (!this.kept.isAcked(upTo)) return true;
      reached();
      return false;
    });
  }

  #admits(envelope: Envelope): boolean {
    const { bytes, scope } = envelope;
    if (scope !== 'live' && !this.kept.hasRoom(bytes, scope)) return false;
    return !this.#connected || (this.#unsent.length === 0 && this.#sender.hasRoom(bytes));
  }

  #admit(envelope: Envelope): void {
    if (envelope.scope !== 'live') {
      // While it waited the other end may have said that it has it.
      const place = this.kept.place(envelope);
      if (place === 'acked' || place === 'kept') return;
      this.kept.keep(envelope);
    }
    if (this.#connected) this.#post(envelope);
  }

  #post(envelope: Envelope): void {
    // There is room, so the bridge takes it at once.
    void this.#sender.emit(envelope, envelope.bytes);
  }

  #pump(): void {
    for (let next = this.#unsent.peek(); next !== undefined; next = this.#unsent.peek()) {
      const recorded = this.kept.place(next) === 'acked';
      if (!recorded && !this.#sender.hasRoom(next.bytes)) return;
      this.#unsent.shift();
      if (!recorded) this.#post(next);
    }
    for (let next = this.#waiting.peek(); next !== undefined; next = this.#waiting.peek()) {
      if (!this.#admits(next.envelope)) return;
      this.#waiting.shift();
      this.#admit(next.envelope);
      next.accepted();
    }
    if (this.#blockedAtMs !== null) {
      this.#blockedTotalMs += this.#clock.hostMs() - this.#blockedAtMs;
      this.#blockedAtMs = null;
    }
  }
}

type Tagged = { readonly type: string };
const isAck = (frame: Tagged): frame is Tagged & { readonly acks: readonly Ack[] } => frame.type === 'ack';
const isForget = (frame: Tagged): frame is Tagged & { readonly upTo: readonly Ack[] } =>
  frame.type === 'forget';
const isHave = (frame: Tagged): frame is Tagged & { readonly have: readonly Ack[] } => frame.type === 'have';

function isWithin(envelope: Envelope, upTo: readonly Ack[]): boolean {
  return upTo.some(
    (ack) =>
      ack.producer === envelope.producer && ack.lane === envelope.lane && ack.upTo >= lastSeq(envelope),
  );
}

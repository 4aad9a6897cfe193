/**
 * The credit bridge between two threads (`design.md` §7): counted in emissions (one poll, one block, one event).
 *
 * Depth = accepted by the sender, not yet taken by the receiver. The sender blocks at `capacity` emissions or
 * `bytesMax` bytes; nothing is ever dropped here. `enqueued = delivered + dropped + depth` is asserted.
 */
import type { Clock } from '../record/clock.ts';
import type { BridgeCounters, BridgeFrame } from './messages.ts';

export const BRIDGE_BYTES_MAX = 8 * 1024 * 1024;
/** More producers waiting at one sender than this means that somebody does not await: a bug, not load. */
const WAITERS_MAX = 1024;

/** `max(64, ceil(8 × Σ rate_hz))`, `spec/capa.md` §4.3. */
export function capacityFor(rateHz: number): number {
  return Math.max(64, Math.ceil(8 * rateHz));
}

/** A bridge nothing has passed. */
export const NO_BRIDGE: BridgeCounters = {
  capacity: 0,
  depth: 0,
  depthMax: 0,
  enqueued: 0,
  delivered: 0,
  dropped: 0,
  blockedTotalMs: 0,
  blockedSinceMs: -1,
};

/** A broken rule of the bridge itself: ends the run sealed, never silently. */
export class BridgeBroken extends Error {
  readonly code = 'bridge_broken';
}

export interface BridgeSenderOptions<T> {
  post(frame: BridgeFrame<T>): void;
  /** Emissions in flight, `capacityFor(rateHz)`. */
  readonly capacity: number;
  readonly bytesMax?: number;
  readonly clock: Pick<Clock, 'hostMs'>;
}

interface Waiting<T> {
  readonly item: T;
  readonly bytes: number;
  readonly accepted: () => void;
}

export class BridgeSender<T> {
  #capacity: number;
  readonly #bytesMax: number;
  readonly #clock: Pick<Clock, 'hostMs'>;
  #post: (frame: BridgeFrame<T>) => void;
  #waiting: Waiting<T>[] = [];
  #depth = 0;
  #depthMax = 0;
  #bytes = 0;
  #enqueued = 0;
  #delivered = 0;
  #blockedTotalMs = 0;
  #blockedAtMs: number | null = null;

  constructor(options: BridgeSenderOptions<T>) {
    this.#capacity = options.capacity;
    this.#bytesMax = options.bytesMax ?? BRIDGE_BYTES_MAX;
    this.#clock = options.clock;
    this.#post = (frame) => options.post(frame);
  }

  /** Emissions in flight at most. What is in flight above a smaller one drains. */
  setCapacity(capacity: number): void {
    this.#capacity = capacity;
    this.#pump();
  }

  /** True when `emit` would post at once. One emission larger than the byte bound passes alone. */
  hasRoom(bytes: number): boolean {
    if (this.#waiting.length > 0 || this.#depth >= this.#capacity) return false;
    return this.#depth === 0 || this.#bytes + bytes <= this.#bytesMax;
  }

  /** Resolves when the emission is accepted: posted to the receiver. Waits for credits, in order, without limit. */
  emit(item: T, bytes: number): Promise<void> {
    if (this.hasRoom(bytes)) {
      this.#accept(item, bytes);
      return Promise.resolve();
    }
    if (this.#waiting.length >= WAITERS_MAX)
      throw new BridgeBroken(`${this.#waiting.length} emissions wait at one bridge, at most ${WAITERS_MAX}`);
    this.#blockedAtMs ??= this.#clock.hostMs();
    return new Promise((accepted) => {
      this.#waiting.push({ item, bytes, accepted });
    });
  }

  /** Frames that came back from the receiver. Returns false for a frame that is not the bridge's. */
  onFrame(frame: { readonly type: string }): boolean {
    if (!isTake(frame)) return false;
    this.#depth -= frame.count;
    this.#bytes -= frame.bytes;
    this.#delivered += frame.count;
    if (this.#depth < 0 || (this.#depth === 0 && this.#bytes !== 0))
      throw new BridgeBroken(`taken more than was sent: depth ${this.#depth}, bytes ${this.#bytes}`);
    this.#pump();
    return true;
  }

  /**
   * The other end died and a new one took its place. What was in flight counts as never accepted: who keeps it
   * emits it again (`outbox.ts`). Those who wait go on waiting, now for the new end.
   */
  reconnect(post: (frame: BridgeFrame<T>) => void): void {
    this.#post = post;
    this.#enqueued -= this.#depth;
    this.#depth = 0;
    this.#bytes = 0;
    this.#pump();
  }

  counters(): BridgeCounters {
    if (this.#enqueued !== this.#delivered + this.#depth)
      throw new BridgeBroken(
        `enqueued ${this.#enqueued} ≠ delivered ${this.#delivered} + depth ${this.#depth}`,
      );
    const blockedMs = this.#blockedAtMs === null ? -1 : this.#clock.hostMs() - this.#blockedAtMs;
    return {
      capacity: this.#capacity,
      depth: this.#depth,
      depthMax: this.#depthMax,
      enqueued: this.#enqueued,
      delivered: this.#delivered,
      dropped: 0,
      blockedTotalMs: this.#blockedTotalMs + Math.max(0, blockedMs),
      blockedSinceMs: blockedMs,
    };
  }

  #accept(item: T, bytes: number): void {
    this.#depth += 1;
    this.#depthMax = Math.max(this.#depthMax, this.#depth);
    this.#bytes += bytes;
    this.#enqueued += 1;
    this.#post({ type: 'emit', items: [item] });
  }

  #pump(): void {
    const waiting = this.#waiting;
    this.#waiting = [];
    let passed = 0;
    for (const { item, bytes, accepted } of waiting) {
      if (!this.hasRoom(bytes)) break;
      this.#accept(item, bytes);
      accepted();
      passed += 1;
    }
    this.#waiting = waiting.slice(passed);
    if (this.#waiting.length === 0 && this.#blockedAtMs !== null) {
      this.#blockedTotalMs += this.#clock.hostMs() - this.#blockedAtMs;
      this.#blockedAtMs = null;
    }
  }
}

function isTake(frame: { readonly type: string }): frame is { type: 'take'; count: number; bytes: number } {
  return frame.type === 'take';
}

export interface BridgeReceiverOptions<T> {
  post(frame: { readonly type: 'take'; readonly count: number; readonly bytes: number }): void;
  /** Of the sender; sets the size of a credit group. */
  readonly capacity: number;
  /** The same size the sender counted. */
  bytesOf(item: T): number;
  /** A pending promise is back-pressure: the item is not taken and its credit not returned until it resolves. */
  take(item: T): void | Promise<void>;
  /** `take` threw: a broken invariant. The item counts as taken, so that the bridge does not hang as well. */
  failed(error: unknown): void;
}

/** Takes emissions strictly in order; returns credits in groups of capacity/4, or as soon as nothing is left. */
export class BridgeReceiver<T> {
  readonly #options: BridgeReceiverOptions<T>;
  readonly #group: number;
  #queue: T[] = [];
  #busy = false;
  #closed = false;
  #count = 0;
  #bytes = 0;

  constructor(options: BridgeReceiverOptions<T>) {
    this.#options = options;
    this.#group = Math.max(1, Math.floor(options.capacity / 4));
  }

  /** Emissions that came and are not taken yet. */
  get depth(): number {
    return this.#queue.length + (this.#busy ? 1 : 0);
  }

  /** Returns false for a frame that is not the bridge's. */
  onFrame(frame: { readonly type: string }): boolean {
    if (!isEmit<T>(frame)) return false;
    if (this.#closed) return true;
    this.#queue.push(...frame.items);
    if (!this.#busy) this.#run();
    return true;
  }

  /** Nothing is taken any more; what waits is forgotten (its holder resends it elsewhere). */
  close(): void {
    this.#closed = true;
    this.#queue = [];
  }

  /** Synchronous as long as `take` is: a slow stream must not pay a turn of the event loop per emission. */
  #run(): void {
    while (!this.#closed) {
      const item = this.#queue.shift();
      if (item === undefined) break;
      const pending = this.#takeOne(item);
      if (pending !== undefined) {
        this.#busy = true;
        void pending.then(() => {
          this.#busy = false;
          this.#taken(item);
          this.#run();
        });
        return;
      }
      this.#taken(item);
    }
    this.#giveCredits();
  }

  #takeOne(item: T): Promise<void> | undefined {
    try {
      return this.#options.take(item)?.catch((error: unknown) => this.#options.failed(error));
    } catch (error) {
      this.#options.failed(error);
      return undefined;
    }
  }

  #taken(item: T): void {
    this.#count += 1;
    this.#bytes += this.#options.bytesOf(item);
    if (this.#count >= this.#group) this.#giveCredits();
  }

  #giveCredits(): void {
    if (this.#count === 0 || this.#closed) return;
    this.#options.post({ type: 'take', count: this.#count, bytes: this.#bytes });
    this.#count = 0;
    this.#bytes = 0;
  }
}

function isEmit<T>(frame: { readonly type: string }): frame is { type: 'emit'; items: readonly T[] } {
  return frame.type === 'emit';
}

import type { Clock, HostMs } from '../../../src/record/clock.ts';

/** Mulberry32: small, seeded, good enough to shuffle faults. */
export class Dice {
  #state: number;
  constructor(seed: number) {
    this.#state = seed >>> 0;
  }
  /** 0 ≤ x < 1. */
  next(): number {
    this.#state = (this.#state + 0x6d2b79f5) >>> 0;
    let t = this.#state;
    t = Math.imul(t ^ (t >>> 15), t | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return ((t ^ (t >>> 14)) >>> 0) / 4_294_967_296;
  }
  between(low: number, high: number): number {
    return low + this.next() * (high - low);
  }
  integer(low: number, high: number): number {
    return Math.floor(this.between(low, high + 1));
  }
  pick<T>(items: readonly T[]): T {
    const item = items[Math.floor(this.next() * items.length)];
    if (item === undefined) throw new RangeError('nothing to pick from');
    return item;
  }
}

interface Due {
  readonly atMs: number;
  readonly order: number;
  readonly run: () => void;
}

/** Everything that happens later, in the order of virtual time. Promise jobs run to their end in between. */
export class VirtualTime {
  nowMs = 1_790_000_000_000;
  happened = 0;
  readonly #heap: Due[] = [];
  #order = 0;

  at(atMs: number, run: () => void): void {
    this.#push({ atMs: Math.max(atMs, this.nowMs), order: this.#order++, run });
  }

  after(ms: number, run: () => void): void {
    this.at(this.nowMs + ms, run);
  }

  /** Runs until `done` says so or virtual time is up; returns false in the latter case. */
  async runUntil(done: () => boolean, limitMs: number): Promise<boolean> {
    const endMs = this.nowMs + limitMs;
    for (;;) {
      await new Promise<void>((resolve) => setImmediate(resolve));
      if (done()) return true;
      const next = this.#heap[0];
      if (next === undefined || next.atMs > endMs) {
        this.nowMs = endMs;
        return done();
      }
      this.#pop();
      this.nowMs = next.atMs;
      this.happened += 1;
      next.run();
    }
  }

  #push(due: Due): void {
    const heap = this.#heap;
    let at = heap.push(due) - 1;
    while (at > 0) {
      const parent = (at - 1) >> 1;
      const above = heap[parent] as Due;
      if (!before(due, above)) break;
      heap[at] = above;
      at = parent;
    }
    heap[at] = due;
  }

  #pop(): void {
    const heap = this.#heap;
    const last = heap.pop() as Due;
    if (heap.length === 0) return;
    let at = 0;
    for (;;) {
      let child = at * 2 + 1;
      if (child >= heap.length) break;
      if (child + 1 < heap.length && before(heap[child + 1] as Due, heap[child] as Due)) child += 1;
      if (!before(heap[child] as Due, last)) break;
      heap[at] = heap[child] as Due;
      at = child;
    }
    heap[at] = last;
  }
}

const before = (a: Due, b: Due) => a.atMs < b.atMs || (a.atMs === b.atMs && a.order < b.order);

/** A thread: it can die at any moment; then nothing it planned happens and nothing it is sent arrives. */
export class Thread {
  alive = true;
  readonly name: string;
  readonly time: VirtualTime;
  readonly clock: Clock;
  readonly #onDeath: (() => void)[] = [];

  constructor(name: string, time: VirtualTime) {
    this.name = name;
    this.time = time;
    this.clock = {
      hostMs: (): HostMs => time.nowMs,
      utcMs: () => time.nowMs,
      sleep: (ms, signal) =>
        new Promise((resolve, reject) => {
          if (signal?.aborted === true) return reject(signal.reason as Error);
          let over = false;
          const onAbort = () => {
            over = true;
            reject(signal?.reason as Error);
          };
          signal?.addEventListener('abort', onAbort, { once: true });
          time.after(ms, () => {
            signal?.removeEventListener('abort', onAbort);
            if (!over && this.alive) resolve();
          });
        }),
    };
  }

  die(): void {
    if (!this.alive) return;
    this.alive = false;
    for (const tell of this.#onDeath.splice(0)) tell();
  }

  /** Others learn of a death by its lock, 2–140 ms later. */
  gone(dice: Dice): Promise<void> {
    return new Promise((resolve) => {
      const tell = () => this.time.after(dice.between(2, 140), resolve);
      if (this.alive) this.#onDeath.push(tell);
      else tell();
    });
  }
}

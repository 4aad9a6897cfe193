/** Points of one channel for the plots (`spec/capa.md` §4.5): decimated, bounded, every loss counted. */
import type { HostMs } from '../record/clock.ts';
import type { PlotPoints } from '../wire/messages.ts';

const POINTS_FIRST = 1024;

export function ringCapacity(decimateToHz: number): number {
  return Math.max(6000, Math.ceil(decimateToHz * 600));
}

export class PlotRing {
  readonly capacity: number;
  readonly #minGapMs: number;
  #t = new Float64Array(POINTS_FIRST);
  #v = new Float64Array(POINTS_FIRST);
  /** Points ever kept; the ring holds the last `capacity` of them. */
  #next = 0;
  #lastMs = -Infinity;
  #decimated = 0;

  constructor(decimateToHz: number) {
    this.capacity = ringCapacity(decimateToHz);
    this.#minGapMs = 1000 / decimateToHz;
  }

  get evictions(): number {
    return Math.max(0, this.#next - this.capacity);
  }
  get decimated(): number {
    return this.#decimated;
  }
  /** Position after the newest point: a cursor for `since`. */
  get end(): number {
    return this.#next;
  }

  push(tHostMs: HostMs, value: number): void {
    // Resent points are older than what is here; a plot goes forward only.
    if (tHostMs - this.#lastMs < this.#minGapMs) {
      this.#decimated += 1;
      return;
    }
    this.#lastMs = tHostMs;
    if (this.#next === this.#t.length && this.#next < this.capacity) this.#grow();
    const at = this.#next % this.capacity;
    this.#t[at] = tHostMs;
    this.#v[at] = value;
    this.#next += 1;
  }

  /** Points from a cursor on (those still here), up to `until`; copies. */
  since(cursor: number, until = this.#next): { readonly t: Float64Array; readonly v: Float64Array } {
    const from = Math.max(cursor, this.#next - this.capacity, 0);
    const count = Math.max(0, until - from);
    const t = new Float64Array(count);
    const v = new Float64Array(count);
    for (let i = 0; i < count; i += 1) {
      const at = (from + i) % this.capacity;
      t[i] = this.#t[at] ?? 0;
      v[i] = this.#v[at] ?? 0;
    }
    return { t, v };
  }

  #grow(): void {
    const size = Math.min(this.capacity, this.#t.length * 2);
    const t = new Float64Array(size);
    const v = new Float64Array(size);
    t.set(this.#t);
    v.set(this.#v);
    this.#t = t;
    this.#v = v;
  }
}

/** Where a reader stands in each ring. */
export type PlotCursors = Map<string, number>;

/** The rings of a rig. */
export class Plots {
  readonly #rings = new Map<string, PlotRing>();

  /** Rings for these channels; those of others are forgotten. */
  keepOnly(channels: readonly { readonly name: string; readonly decimateToHz: number }[]): void {
    const names = new Set(channels.map(({ name }) => name));
    for (const known of this.#rings.keys()) if (!names.has(known)) this.#rings.delete(known);
    for (const { name, decimateToHz } of channels) {
      const capacity = ringCapacity(decimateToHz);
      if (this.#rings.get(name)?.capacity !== capacity) this.#rings.set(name, new PlotRing(decimateToHz));
    }
  }

  push(channel: string, tHostMs: HostMs, value: number): void {
    this.#rings.get(channel)?.push(tHostMs, value);
  }

  /** The "UI overflow" pill: informational once a ring has filled. */
  get evictions(): number {
    return [...this.#rings.values()].reduce((sum, ring) => sum + ring.evictions, 0);
  }

  /** New points per channel; moves the cursors behind them. */
  take(cursors: PlotCursors): readonly PlotPoints[] {
    const points: PlotPoints[] = [];
    for (const [channel, ring] of this.#rings) {
      const { t, v } = ring.since(cursors.get(channel) ?? 0);
      cursors.set(channel, ring.end);
      if (t.length > 0) points.push({ channel, t, v });
    }
    return points;
  }

  /** Everything before the cursors: what a reader at them has seen. */
  before(cursors: PlotCursors): readonly PlotPoints[] {
    return [...this.#rings].map(([channel, ring]) => ({
      channel,
      ...ring.since(0, cursors.get(channel) ?? 0),
    }));
  }
}

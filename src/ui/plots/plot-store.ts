import type { PlotPoints } from '../../wire/messages.ts';
import { Overview } from './overview.ts';
import { Ring, ringCapacity } from './ring.ts';

export interface ChannelTrace {
  readonly ring: Ring;
  readonly overview: Overview;
}

/** Points of every channel this page has seen. Not reactive: plots look at `version` when they repaint. */
export class PlotStore {
  version = 0;
  readonly #traces = new Map<string, ChannelTrace>();
  readonly #rates = new Map<string, number>();

  /** Decimation rates of the rig; a channel seen before its rate is known keeps the default of 60 Hz. */
  setRates(channels: readonly { readonly name: string; readonly decimateToHz: number }[]): void {
    this.#rates.clear();
    for (const channel of channels) this.#rates.set(channel.name, channel.decimateToHz);
  }

  clear(): void {
    this.#traces.clear();
    this.version++;
  }

  append(points: readonly PlotPoints[]): void {
    for (const { channel, t, v } of points) {
      const trace = this.#traceOf(channel);
      for (let i = 0; i < t.length; i++) {
        const time = t[i] ?? Number.NaN;
        const value = v[i] ?? Number.NaN;
        if (!Number.isNaN(time) && trace.ring.push(time, value)) trace.overview.push(time, value);
      }
    }
    if (points.length > 0) this.version++;
  }

  trace(channel: string): ChannelTrace | null {
    return this.#traces.get(channel) ?? null;
  }

  /** Oldest time kept of these channels, for "all"; null when there is nothing. */
  firstHostMs(channels: readonly string[]): number | null {
    let first: number | null = null;
    for (const channel of channels) {
      const trace = this.#traces.get(channel);
      if (!trace || trace.overview.length === 0) continue;
      first = Math.min(first ?? Infinity, trace.overview.timeAt(0));
    }
    return first;
  }

  /** Points forgotten by this page's rings. */
  evictions(): number {
    let sum = 0;
    for (const { ring } of this.#traces.values()) sum += ring.evicted;
    return sum;
  }

  #traceOf(channel: string): ChannelTrace {
    let trace = this.#traces.get(channel);
    if (!trace) {
      trace = { ring: new Ring(ringCapacity(this.#rates.get(channel) ?? 60)), overview: new Overview() };
      this.#traces.set(channel, trace);
    }
    return trace;
  }
}

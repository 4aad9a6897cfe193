import type { RigChannel } from '../../rig/rig.ts';
import type { PlotPoints } from '../../wire/messages.ts';
import { Overview } from './overview.ts';
import { Ring, ringCapacity } from './ring.ts';

/** Channels remembered before those of older rigs are forgotten. */
const CHANNELS_MAX = 256;

export interface ChannelTrace {
  readonly ring: Ring;
  readonly overview: Overview;
}

/** Points of every channel this page has seen. Not reactive: plots look here when they repaint. */
export class PlotStore {
  readonly #traces = new Map<string, ChannelTrace>();
  readonly #channels = new Map<string, RigChannel>();

  /**
   * The channels of the rig. One that now means something else loses its points; one that is only gone keeps them,
   * because a conductor that is being replaced shows an empty rig for a moment.
   */
  setChannels(channels: readonly RigChannel[]): void {
    for (const channel of channels) {
      const known = this.#channels.get(channel.name);
      if (known && meaning(known) !== meaning(channel)) this.#traces.delete(channel.name);
      this.#channels.set(channel.name, channel);
    }
    if (this.#channels.size <= CHANNELS_MAX) return;
    const wanted = new Set(channels.map(({ name }) => name));
    for (const name of [...this.#channels.keys()].filter((known) => !wanted.has(known))) {
      this.#channels.delete(name);
      this.#traces.delete(name);
    }
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
      trace = {
        ring: new Ring(ringCapacity(this.#channels.get(channel)?.decimateToHz ?? 60)),
        overview: new Overview(),
      };
      this.#traces.set(channel, trace);
    }
    return trace;
  }
}

function meaning({ unit, source, calibration }: RigChannel): string {
  return JSON.stringify([unit, source, calibration]);
}

/**
 * Aligns this thread's clock to the conductor's by ping (`design.md` §4): best of 50 at connect, then every 10 s.
 * Corrections are slewed; the aligned time never steps back.
 */
import type { Clock, HostMs } from '../record/clock.ts';

export const PINGS_AT_CONNECT = 50;
export const PINGS_LATER = 10;
export const ALIGN_EVERY_MS = 10_000;
/** At most half a millisecond per second: far above the drift of one machine's clock, invisible in a record. */
const SLEW_PER_MS = 0.0005;

export interface Alignment {
  /** Conductor minus this thread, ms. */
  readonly offsetMs: number;
  /** Half the best round trip: the truth lies within ± this. */
  readonly errorMs: number;
  readonly pings: number;
}

export class AlignedClock implements Clock {
  readonly #local: Clock;
  #offsetMs = 0;
  #targetMs = 0;
  #atMs: HostMs;
  #last: Alignment | null = null;

  constructor(local: Clock) {
    this.#local = local;
    this.#atMs = local.hostMs();
  }

  /** Of the last measurement; null before the first. */
  get alignment(): Alignment | null {
    return this.#last;
  }

  /** What slewing has still to make up, ms, beyond what the last measurement can be wrong by. */
  get behindMs(): number {
    return Math.max(0, Math.abs(this.#targetMs - this.#offsetMs) - (this.#last?.errorMs ?? 0));
  }

  hostMs(): HostMs {
    return this.toConductor(this.#local.hostMs());
  }

  /** A time stamped by this thread's own clock, on the conductor's scale. */
  toConductor(localMs: HostMs): HostMs {
    this.#slewTo(localMs);
    return localMs + this.#offsetMs;
  }

  utcMs(): number {
    return this.#local.utcMs();
  }

  sleep(ms: number, signal?: AbortSignal): Promise<void> {
    return this.#local.sleep(ms, signal);
  }

  /** Asks the conductor's clock `pings` times and believes the fastest answer. Rejects when a ping does. */
  async align(ping: () => Promise<HostMs>, pings: number): Promise<Alignment> {
    let best: Alignment | null = null;
    for (let count = 0; count < pings; count += 1) {
      const sentMs = this.#local.hostMs();
      const theirsMs = await ping();
      const cameMs = this.#local.hostMs();
      const errorMs = (cameMs - sentMs) / 2;
      if (best === null || errorMs < best.errorMs)
        best = { offsetMs: theirsMs - (sentMs + cameMs) / 2, errorMs, pings };
    }
    if (best === null) throw new RangeError(`at least one ping is needed, actual ${pings}`);
    const first = this.#last === null;
    this.#slewTo(this.#local.hostMs());
    this.#targetMs = best.offsetMs;
    this.#last = best;
    if (first) this.step();
    return best;
  }

  /** Keeps aligned until the signal: best of 50 at once, then best of 10 every 10 s. A ping that fails changes nothing. */
  async keepAligned(ping: () => Promise<HostMs>, signal: AbortSignal): Promise<void> {
    for (let pings = PINGS_AT_CONNECT; !signal.aborted; pings = PINGS_LATER) {
      await this.align(ping, pings).catch(() => undefined);
      await this.sleep(ALIGN_EVERY_MS, signal).catch(() => undefined);
    }
  }

  /** Takes the measured offset at once: only where a new producer begins (arm), or before the first stamp. */
  step(): void {
    this.#offsetMs = this.#targetMs;
  }

  #slewTo(localMs: HostMs): void {
    const elapsedMs = localMs - this.#atMs;
    if (elapsedMs <= 0) return;
    this.#atMs = localMs;
    const most = elapsedMs * SLEW_PER_MS;
    const wanted = this.#targetMs - this.#offsetMs;
    this.#offsetMs += Math.max(-most, Math.min(most, wanted));
  }
}

/** 20 Hz pulse of the conductor: measures its own lag, and notices when host or wall clock jumped (`spec/capa.md` §4.3). */
import type { Clock, HostMs } from '../record/clock.ts';
import { PercentileRing } from './percentile-ring.ts';

export const BEAT_MS = 50;
/** A pulse this late was not load: the host slept, or the browser was stopped. */
export const SUSPENDED_MS = 5000;
/** `Date.now()` wanders by 1 ms against the monotonic clock; NTP slews below this. */
const CLOCK_STEP_MS = 1000;

export interface HeartbeatListener {
  beat(nowMs: HostMs): void;
  suspended(lagMs: number): void;
  clockStepped(stepMs: number): void;
}

export class Heartbeat {
  readonly lag = new PercentileRing();
  readonly #clock: Clock;
  readonly #listener: HeartbeatListener;
  #wallOffsetMs: number;

  constructor(clock: Clock, listener: HeartbeatListener) {
    this.#clock = clock;
    this.#listener = listener;
    this.#wallOffsetMs = clock.utcMs() - clock.hostMs();
  }

  /** Beats until the signal fires. */
  async run(signal: AbortSignal): Promise<void> {
    let beforeMs = this.#clock.hostMs();
    while (!signal.aborted) {
      try {
        await this.#clock.sleep(BEAT_MS, signal);
      } catch {
        return;
      }
      const nowMs = this.#clock.hostMs();
      const lagMs = Math.max(0, nowMs - beforeMs - BEAT_MS);
      beforeMs = nowMs;
      this.lag.add(lagMs);
      if (lagMs >= SUSPENDED_MS) this.#listener.suspended(lagMs);
      this.#watchWallClock(nowMs);
      this.#listener.beat(nowMs);
    }
  }

  #watchWallClock(nowMs: HostMs): void {
    const offsetMs = this.#clock.utcMs() - nowMs;
    const stepMs = offsetMs - this.#wallOffsetMs;
    this.#wallOffsetMs = offsetMs;
    if (Math.abs(stepMs) >= CLOCK_STEP_MS) this.#listener.clockStepped(stepMs);
  }
}

/**
 * Whether one device is being read: late, lost, back. Each hole in its readings is said once when it opens and once when
 * it closes, with both edges and its size (`design.md` §2).
 */
import type { Clock, HostMs, RunZero } from '../record/clock.ts';
import { KIND } from '../record/taxonomy.ts';
import { lateAfterMs } from './device-health.ts';
import type { DeviceVoice } from './device-voice.ts';
import { gapMetadata, type Outage } from './outage.ts';

/** After a page reload the new worker is armed before it has opened its port; only if that drags on is it news. */
const JOIN_GRACE_MS = 3000;
/** Armed this long after run zero, it is a run that was going on without this worker. */
const JOINED_AFTER_MS = 2000;

export class Readings {
  readonly #device: string;
  readonly #periodMs: number;
  readonly #clock: Clock;
  readonly #voice: DeviceVoice;
  #zero: RunZero | null = null;
  #lastGoodMs: HostMs | null = null;
  #outage: Outage | null = null;
  /** The outage is in the record; one that ends before that leaves no trace. */
  #said = false;
  /** Upstream takes nothing (or took nothing until just now): silence is ours, not the device's. */
  #blocked = false;

  constructor(device: string, periodMs: number, clock: Clock, voice: DeviceVoice) {
    this.#device = device;
    this.#periodMs = periodMs;
    this.#clock = clock;
    this.#voice = voice;
  }

  get lastGoodMs(): HostMs | null {
    return this.#lastGoodMs;
  }
  get interrupted(): boolean {
    return this.#outage !== null;
  }
  get silentMs(): number {
    const nowMs = this.#clock.hostMs();
    return nowMs - (this.#lastGoodMs ?? nowMs);
  }

  /** The device is known and about to be read: from now on silence counts. */
  expect(): void {
    this.#lastGoodMs ??= this.#clock.hostMs();
  }

  /** A good reading, dated `atMs`. True when it ended a hole. */
  good(atMs: HostMs): boolean {
    const last = this.#lastGoodMs ?? atMs;
    const stalled = atMs - last > lateAfterMs(this.#periodMs);
    const cause = this.#blocked ? 'blocked' : 'stalled';
    const outage = this.#outage ?? (stalled ? { cause, fromMs: last } : null);
    this.#lastGoodMs = atMs;
    this.#outage = null;
    this.#blocked = false;
    if (outage === null) return false;
    // The conductor saw the last worker go and states that hole itself, from the last reading it had.
    if (outage.cause === 'not_connected' && !this.#said) return false;
    if (outage.cause !== 'blocked' && outage.cause !== 'stalled') {
      this.#voice.event(KIND.deviceResumed, 'info', `${this.#device} is back`, { device: this.#device });
    }
    this.#stateGap(outage, atMs, false);
    return true;
  }

  /** Says so once when the device has been silent too long; returns the silence in words, or null. */
  checkLate(failures: { readonly [code: string]: number }): string | null {
    const { silentMs } = this;
    if (this.#blocked || this.#outage !== null || silentMs <= lateAfterMs(this.#periodMs)) return null;
    this.#outage = { cause: 'late', fromMs: this.#lastGoodMs ?? this.#clock.hostMs() };
    this.#said = true;
    const words = `silent for ${(silentMs / 1000).toFixed(1)} s`;
    this.#voice.event(KIND.deviceLate, 'warning', `${this.#device}: ${words}`, {
      device: this.#device,
      silent_s: Math.round(silentMs) / 1000,
      failures,
    });
    return words;
  }

  /** The port is gone, or the adapter broke: nothing will come until it is opened again. */
  lose(detail: string): void {
    this.#outage ??= { cause: 'lost', fromMs: this.#lastGoodMs ?? this.#clock.hostMs() };
    this.#said = true;
    this.#voice.event(KIND.deviceLost, 'error', `${this.#device} is gone: ${detail}`, {
      device: this.#device,
      detail,
    });
  }

  /** A run begins; `phase` names what keeps the device from being read, null = it is being read. */
  runBegins(zero: RunZero, phase: string | null): void {
    this.#zero = zero;
    if (phase === null) return;
    const nowMs = this.#clock.hostMs();
    const joins = nowMs - zero.hostMs > JOINED_AFTER_MS;
    this.#outage = { cause: 'not_connected', fromMs: joins ? nowMs : zero.hostMs };
    this.#said = false;
    if (!joins) this.#sayMissing(phase);
  }

  /** Says so once when a device that should be read since the arm is still not there. */
  checkMissing(phase: string): void {
    if (this.#outage?.cause !== 'not_connected' || this.#said || this.#zero === null) return;
    if (this.#clock.hostMs() - this.#outage.fromMs > JOIN_GRACE_MS) this.#sayMissing(phase);
  }

  /** A hole that is still open when the run ends is stated as such; outside the run it goes on. */
  runEnds(): void {
    if (this.#outage !== null && this.#said) this.#stateGap(this.#outage, this.#clock.hostMs(), true);
    this.#zero = null;
  }

  /** Waits for an emission to be accepted. A hole that this makes is told at the next good reading. */
  async whileEmitting(emitted: Promise<void>): Promise<void> {
    this.#blocked = true;
    await emitted;
    this.#blocked = this.#outage === null && this.silentMs > lateAfterMs(this.#periodMs);
  }

  #sayMissing(phase: string): void {
    this.#said = true;
    const words = `${this.#device} is not connected (${phase})`;
    this.#voice.event(KIND.deviceLost, 'error', words, { device: this.#device, phase });
  }

  #stateGap(outage: Outage, toMs: HostMs, open: boolean): void {
    const metadata = gapMetadata(this.#device, outage, toMs, this.#periodMs, this.#zero, this.#clock);
    const words = `${this.#device} was not read for ${String(metadata['gap_s'])} s (${outage.cause})`;
    this.#voice.event(KIND.gap, 'warning', words, open ? { ...metadata, still_open: true } : metadata);
  }
}

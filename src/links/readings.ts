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
/** A reply that takes longer is silence, whatever the timeout of its exchange is. */
const ANSWER_MS = 500;

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
  /** Since the last good reading: first asked then, refused or unanswered meanwhile, waited for room upstream. */
  #askedMs: HostMs | null = null;
  #unanswered = false;
  #blockedMs = 0;
  #emitting = 0;
  #emittingSinceMs: HostMs = 0;
  #emittedMs: HostMs = 0;

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

  /** The device is asked now. */
  asked(): void {
    this.#askedMs ??= this.#clock.hostMs();
  }

  /** It gave no reply that can be used; the exchange may be repeated. */
  unanswered(): void {
    this.#unanswered = true;
  }

  /** A good reading, dated `atMs`. True when it ended a hole. */
  good(atMs: HostMs, failures: { readonly [code: string]: number } = {}): boolean {
    // The same look as four times a second: whether that came in between must not change what is said.
    this.#stateLate(atMs, failures);
    const last = this.#lastGoodMs ?? atMs;
    const hole = atMs - last > lateAfterMs(this.#periodMs);
    const cause = this.#mostlyBlocked(atMs) ? 'blocked' : 'stalled';
    const outage = this.#outage ?? (hole ? { cause, fromMs: last } : null);
    this.#lastGoodMs = atMs;
    this.#outage = null;
    this.#askedMs = null;
    this.#unanswered = false;
    this.#blockedMs = 0;
    this.#emittingSinceMs = this.#clock.hostMs();
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
    return this.#stateLate(this.#clock.hostMs(), failures);
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
    if (this.#emitting === 0) this.#emittingSinceMs = this.#clock.hostMs();
    this.#emitting += 1;
    await emitted;
    this.#emitting -= 1;
    if (this.#emitting > 0) return;
    this.#emittedMs = this.#clock.hostMs();
    this.#blockedMs += this.#emittedMs - this.#emittingSinceMs;
  }

  #stateLate(nowMs: HostMs, failures: { readonly [code: string]: number }): string | null {
    if (this.#outage !== null || !this.#isLate(nowMs)) return null;
    const silentMs = nowMs - (this.#lastGoodMs ?? nowMs);
    this.#outage = { cause: 'late', fromMs: this.#lastGoodMs ?? nowMs };
    this.#said = true;
    const words = `silent for ${(silentMs / 1000).toFixed(1)} s`;
    this.#voice.event(KIND.deviceLate, 'warning', `${this.#device}: ${words}`, {
      device: this.#device,
      silent_s: Math.round(silentMs) / 1000,
      failures,
    });
    return words;
  }

  /** Late is a device that was asked and did not answer; one that nobody asked is not, however long ago it spoke. */
  #isLate(nowMs: HostMs): boolean {
    const silentMs = nowMs - (this.#lastGoodMs ?? nowMs);
    const afterMs = lateAfterMs(this.#periodMs);
    const ignored = this.#askedMs !== null && nowMs - this.#askedMs > ANSWER_MS;
    if (silentMs <= afterMs || !(this.#unanswered || ignored)) return false;
    // While it is our fault nobody asks; after it was, the device gets its whole time anew.
    if (this.#emitting > 0) return false;
    return !this.#mostlyBlocked(nowMs) || nowMs - this.#emittedMs > afterMs;
  }

  /** Most of the time since the last reading we waited for room upstream. */
  #mostlyBlocked(nowMs: HostMs): boolean {
    return this.#blockedUntil(nowMs) > (nowMs - (this.#lastGoodMs ?? nowMs)) / 2;
  }

  #blockedUntil(nowMs: HostMs): number {
    return this.#blockedMs + (this.#emitting === 0 ? 0 : Math.max(0, nowMs - this.#emittingSinceMs));
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

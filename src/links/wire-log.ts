/** Every byte on the wire of one device, waiting for the next emission of its link. */
import type { HostMs } from '../record/clock.ts';
import type { WireItem } from '../record/item.ts';
import type { ChannelError } from '../transports/byte-channel.ts';
import type { FailedAttempt, WireTap } from './exchange-line.ts';

/** A port flat out at 921,600 baud fills this in 11 s, longer than anything upstream may block (8 s). */
const PENDING_BYTES_MAX = 1024 * 1024;
const PENDING_ITEMS_MAX = 65_536;
/** Above what one poll can fail: 25 parameters of 4 loops, each repeated once. */
const FAILED_MAX = 256;

export class WireLog implements WireTap {
  readonly #port: string;
  readonly #device: string;
  #recording = false;
  #job = 'connect';
  #exchange = 0;
  #items: WireItem[] = [];
  #bytes = 0;
  #lostBytes = 0;
  #overruns = 0;
  #failed: FailedAttempt[] = [];
  readonly #skipped = new Map<string, number>();

  constructor(port: string, device: string) {
    this.#port = port;
    this.#device = device;
  }

  get skipped(): { readonly [why: string]: number } {
    return Object.fromEntries(this.#skipped);
  }

  /** Job that exchanges from now on belong to (`design.md` §5). */
  set job(job: string) {
    this.#job = job;
  }

  /** A run begins (exchanges count from 1 again) or ends; outside runs bytes pass unrecorded. */
  record(on: boolean): void {
    this.#recording = on;
    this.#items = [];
    this.#bytes = 0;
    this.#lostBytes = 0;
    this.#overruns = 0;
    if (on) this.#exchange = 0;
  }

  /** What was heard since the last call, and what was not: bytes without room here, overruns before they came here. */
  take(): { readonly items: readonly WireItem[]; readonly lostBytes: number; readonly overruns: number } {
    const taken = { items: this.#items, lostBytes: this.#lostBytes, overruns: this.#overruns };
    this.#items = [];
    this.#bytes = 0;
    this.#lostBytes = 0;
    this.#overruns = 0;
    return taken;
  }

  /** Attempts that failed since the last call, oldest first. */
  takeFailed(): readonly FailedAttempt[] {
    return this.#failed.splice(0);
  }

  nextExchange(): number {
    this.#exchange += 1;
    return this.#exchange;
  }

  onBytes(direction: 'tx' | 'rx', bytes: Uint8Array, tHostMs: HostMs, exchange: number): void {
    if (!this.#recording || bytes.length === 0) return;
    if (this.#bytes + bytes.length > PENDING_BYTES_MAX || this.#items.length >= PENDING_ITEMS_MAX) {
      this.#lostBytes += bytes.length;
      return;
    }
    this.#bytes += bytes.length;
    this.#items.push({
      type: 'wire',
      tHostMs,
      port: this.#port,
      device: this.#device,
      direction,
      exchange,
      job: this.#job,
      bytes: bytes.slice(),
    });
  }

  onSkipped(why: string, count: number): void {
    this.#skipped.set(why, (this.#skipped.get(why) ?? 0) + count);
  }

  onFailed(failed: FailedAttempt): void {
    if (this.#failed.length < FAILED_MAX) this.#failed.push(failed);
    else this.onSkipped('failures', 1);
  }

  onFault({ code }: ChannelError): void {
    this.onSkipped(code, 1);
    if (code === 'overrun') this.#overruns += 1;
  }
}

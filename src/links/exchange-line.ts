/**
 * The wire of one port: one request in flight, every byte tapped, faults drained (`spec/protocols.md` §0.3).
 *
 * Two halves that never wait for each other: a read loop that empties the channel as bytes come, and exchanges that
 * look at what came. Several devices on one port each get their own `ExchangeLine` over the same wire.
 */
import type {
  Exchange,
  ExchangeCode,
  ExchangeLine,
  ExchangeOptions,
  Scanner,
} from '../instruments/adapter.ts';
import type { Clock, HostMs } from '../record/clock.ts';
import type { ByteChannel, ChannelError, Chunk } from '../transports/byte-channel.ts';
import { RxBuffer } from './rx-buffer.ts';

/** After a fault the line must be silent this long before anything is sent: a late reply looks like the next one. */
export const QUIET_MS = 100;
/** A device that never falls silent (a stream left on) must not hold the wire for ever. */
const DRAIN_MS_MAX = 1000;
const DRAIN_BYTES_MAX = 65_536;
const RX_BYTES_MAX = 1024 * 1024;

/** One request that got no usable reply. `attempt` counts from 1; `repeated` = it was sent again. */
export interface FailedAttempt {
  readonly code: ExchangeCode;
  readonly detail: string;
  readonly attempt: number;
  readonly repeated: boolean;
}

/** Who hears what passes on the wire for one device. */
export interface WireTap {
  /** Number of the exchange that begins now, from 1 per producer. */
  nextExchange(): number;
  onBytes(direction: 'tx' | 'rx', bytes: Uint8Array, tHostMs: HostMs, exchange: number): void;
  /** Bytes that were no part of a reply, and why. */
  onSkipped(why: string, count: number): void;
  /** Also those that are repeated and then answered: a line that needs its retries is not a good line. */
  onFailed(failed: FailedAttempt): void;
  /** Break, framing, parity or overrun; reading goes on. */
  onFault(error: ChannelError): void;
}

interface Attempt {
  readonly requestedHostMs: HostMs;
  readonly exchange: number;
}
type Failure = { readonly ok: false; readonly code: ExchangeCode; readonly detail: string };
type Outcome<T> = Failure | { readonly ok: true; readonly value: T; readonly receivedHostMs: HostMs };

export class PortLine {
  readonly #channel: ByteChannel;
  readonly #clock: Clock;
  readonly #rx = new RxBuffer(RX_BYTES_MAX);
  /** Who spoke last: what comes outside an exchange is most likely theirs. */
  #tap: WireTap;
  /** Exchange that bytes belong to now; 0 = nobody asked. */
  #exchange = 0;
  #collecting = false;
  #dirty = false;
  #dirtySinceMs: HostMs = 0;
  #lastRxMs: HostMs;
  #lineFault: ChannelError | null = null;
  #ended: ChannelError | null = null;
  #wake: (() => void) | null = null;

  /** `tap` hears what comes before the first exchange. */
  constructor(channel: ByteChannel, clock: Clock, tap: WireTap) {
    this.#channel = channel;
    this.#clock = clock;
    this.#tap = tap;
    this.#lastRxMs = clock.hostMs();
  }

  /** Why the wire is gone, or null. */
  get ended(): ChannelError | null {
    return this.#ended;
  }

  /** The read loop. Resolves when the channel is lost or closed. Start it once, right after open. */
  async run(): Promise<ChannelError> {
    for (;;) {
      const incoming = await this.#channel.read();
      if (incoming.ok) this.#onChunk(incoming.value);
      else if (incoming.error.code === 'lost' || incoming.error.code === 'closed') {
        this.#ended = incoming.error;
        this.#wake?.();
        return incoming.error;
      } else {
        this.#lineFault = incoming.error;
        this.#soil();
        this.#tap.onFault(incoming.error);
        this.#wake?.();
      }
    }
  }

  /** The line as one device sees it. */
  lineFor(tap: WireTap): ExchangeLine {
    return {
      exchange: (request, scan, options) => this.#exchangeFor(tap, request, scan, options),
      listen: (ms) => this.#listenFor(tap, ms),
    };
  }

  async #exchangeFor<T>(
    tap: WireTap,
    request: Uint8Array,
    scan: Scanner<T>,
    { timeoutMs, retries }: ExchangeOptions,
  ): Promise<Exchange<T>> {
    for (let count = 1; ; count += 1) {
      const attempt = await this.#begin(tap, request);
      const outcome = attempt.sent.ok ? await this.#reply(scan, attempt, timeoutMs) : attempt.sent;
      this.#finish(outcome.ok);
      const repeated = !outcome.ok && count <= retries && outcome.code !== 'lost' && outcome.code !== 'nak';
      if (!outcome.ok) {
        const { code, detail } = outcome;
        tap.onFailed({ code, detail, attempt: count, repeated });
      }
      if (repeated) continue;
      const { requestedHostMs, exchange } = attempt;
      const receivedHostMs = outcome.ok ? outcome.receivedHostMs : this.#clock.hostMs();
      return { ...outcome, requestedHostMs, receivedHostMs, exchange };
    }
  }

  /** Empties the line (after a fault: until it is quiet), then sends. */
  async #begin(
    tap: WireTap,
    request: Uint8Array,
  ): Promise<Attempt & { readonly sent: Failure | { readonly ok: true } }> {
    if (this.#dirty) await this.#drain();
    this.#discard('stale');
    this.#lineFault = null;
    this.#tap = tap;
    this.#collecting = true;
    const exchange = tap.nextExchange();
    this.#exchange = exchange;
    const askedMs = this.#clock.hostMs();
    const lost = this.#lostFailure();
    if (lost !== null) return { requestedHostMs: askedMs, exchange, sent: lost };
    // Tapped before the write resolves: a fast reply must not be journalled before its request.
    tap.onBytes('tx', request, askedMs, exchange);
    const written = await this.#channel.write(request);
    if (written.ok) return { requestedHostMs: written.value, exchange, sent: { ok: true } };
    return { requestedHostMs: askedMs, exchange, sent: channelFailure(written.error) };
  }

  async #reply<T>(scan: Scanner<T>, attempt: Attempt, timeoutMs: number): Promise<Outcome<T>> {
    const deadlineMs = attempt.requestedHostMs + timeoutMs;
    for (;;) {
      const lost = this.#lostFailure();
      if (lost !== null) return lost;
      // Without a checksum a byte with a parity or framing error is a wrong value: the whole reply is refused.
      if (this.#lineFault !== null) return channelFailure(this.#lineFault);
      const scanned = this.#scan(scan);
      if (scanned !== null) return scanned;
      const leftMs = deadlineMs - this.#clock.hostMs();
      if (leftMs <= 0) {
        const detail = `no whole reply within ${timeoutMs} ms, ${this.#rx.length} bytes came`;
        return { ok: false, code: 'timeout', detail };
      }
      await this.#somethingOr(leftMs);
    }
  }

  /** Null = more bytes are needed. */
  #scan<T>(scan: Scanner<T>): Outcome<T> | null {
    while (this.#rx.length > 0) {
      const found = scan(this.#rx.peek());
      if (found.type === 'more') return null;
      if (found.type === 'frame') {
        this.#rx.drop(found.consumed);
        return { ok: true, value: found.value, receivedHostMs: this.#lastRxMs };
      }
      this.#rx.drop(found.consumed);
      if (found.type === 'bad') {
        this.#tap.onSkipped(found.code, found.consumed);
        return { ok: false, code: found.code, detail: found.detail };
      }
      if (found.consumed <= 0) throw new Error(`a scanner skipped ${found.consumed} bytes (${found.why})`);
      this.#tap.onSkipped(found.why, found.consumed);
    }
    return null;
  }

  #finish(good: boolean): void {
    this.#collecting = false;
    // A bad exchange keeps its number until the next one: what still comes is its late reply.
    if (good) this.#exchange = 0;
    else this.#soil();
  }

  /** Quiet counts from here: a device that has not begun to answer yet is silent as well. */
  #soil(): void {
    this.#dirty = true;
    this.#dirtySinceMs = this.#clock.hostMs();
  }

  async #drain(): Promise<void> {
    const untilMs = this.#clock.hostMs() + DRAIN_MS_MAX;
    this.#collecting = true;
    let drained = 0;
    for (;;) {
      drained += this.#discard('drained');
      const nowMs = this.#clock.hostMs();
      const quietInMs = Math.max(this.#lastRxMs, this.#dirtySinceMs) + QUIET_MS - nowMs;
      if (quietInMs <= 0 || nowMs >= untilMs || drained >= DRAIN_BYTES_MAX || this.#ended !== null) break;
      await this.#somethingOr(Math.min(quietInMs, untilMs - nowMs));
    }
    this.#dirty = false;
  }

  async #listenFor(tap: WireTap, ms: number): Promise<Uint8Array> {
    if (this.#dirty) await this.#drain();
    this.#tap = tap;
    this.#exchange = 0;
    this.#collecting = true;
    const untilMs = this.#clock.hostMs() + ms;
    for (;;) {
      const leftMs = untilMs - this.#clock.hostMs();
      if (leftMs <= 0 || this.#ended !== null) break;
      await this.#somethingOr(leftMs);
    }
    this.#collecting = false;
    const heard = this.#rx.peek().slice();
    this.#rx.drop(heard.length);
    return heard;
  }

  #onChunk({ bytes, tHostMs }: Chunk): void {
    this.#lastRxMs = tHostMs;
    this.#tap.onBytes('rx', bytes, tHostMs, this.#exchange);
    // Between exchanges bytes are recorded, not kept: the next request would drop them anyway.
    if (this.#collecting) this.#overflow(this.#rx.push(bytes));
    else this.#tap.onSkipped(this.#dirty ? 'drained' : 'stale', bytes.length);
    this.#wake?.();
  }

  /** A reply of a megabyte without an end: recorded all the same, but nobody will understand it. */
  #overflow(count: number): void {
    if (count > 0) this.#tap.onSkipped('overflow', count);
  }

  #discard(why: string): number {
    const count = this.#rx.length;
    if (count > 0) this.#tap.onSkipped(why, count);
    this.#rx.drop(count);
    return count;
  }

  #lostFailure(): Failure | null {
    return this.#ended === null ? null : channelFailure(this.#ended);
  }

  /** Resolves at the next chunk, fault or end, at the latest after `ms`. */
  async #somethingOr(ms: number): Promise<void> {
    const stop = new AbortController();
    const woken = new Promise<void>((resolve) => {
      this.#wake = () => {
        this.#wake = null;
        stop.abort(new Error('bytes came'));
        resolve();
      };
    });
    await Promise.race([woken, this.#clock.sleep(ms, stop.signal).catch(() => undefined)]);
    this.#wake = null;
  }
}

function channelFailure(error: ChannelError): Failure {
  const gone = error.code === 'lost' || error.code === 'closed';
  return { ok: false, code: gone ? 'lost' : 'line_error', detail: `${error.code}: ${error.detail}` };
}

/** A byte channel to a simulated instrument in the same thread, with its reply times and, if asked, a line rate. */
import type { Clock, HostMs } from '../record/clock.ts';
import type { Result } from '../record/problem.ts';
import { fail, ok } from '../record/problem.ts';
import type { ByteChannel, ChannelError, Chunk, PortSource } from './byte-channel.ts';

/** What an instrument's simulator is to the wire; structural, so that transports need not know instruments. */
export interface SimulatedInstrument {
  /** Bytes the host wrote. Returns what the device sends back, each `delayMs` after now. */
  receive(
    bytes: Uint8Array,
    nowMs: number,
  ): readonly { readonly bytes: Uint8Array; readonly delayMs: number }[];
}

export interface SimulatedPortOptions {
  readonly instrument: SimulatedInstrument;
  readonly clock: Clock;
  /** Line rate of replies; absent = as fast as the simulator says. 38400 8N1 is 3840. */
  readonly bytesPerSecond?: number;
}

/** As much as a serial port's stream and driver hold (`serial-shim`: bufferSize + 16 KB); then the line overruns. */
const RX_BYTES_MAX = 1024 * 1024;

/** The socket the instrument is plugged into: one channel at a time, and a plug to pull. */
export class SimulatedPort implements PortSource {
  readonly #options: SimulatedPortOptions;
  #plugged = true;
  #holder: SimulatedChannel | null = null;
  #waiting: (() => void)[] = [];

  constructor(options: SimulatedPortOptions) {
    this.#options = options;
  }

  async find(signal: AbortSignal): Promise<ByteChannel> {
    while (!this.#plugged) await this.#plugging(signal);
    signal.throwIfAborted();
    return new SimulatedChannel(this.#options, this);
  }

  /** The open channel is lost at once; `find` waits until the next `plug`. */
  unplug(): void {
    this.#plugged = false;
    this.#holder?.end({ code: 'lost', detail: 'the simulated device was unplugged' });
    this.#holder = null;
  }

  plug(): void {
    this.#plugged = true;
    for (const resume of this.#waiting.splice(0)) resume();
  }

  /** Bytes nobody asked for: an instrument left streaming, a banner after a reset. */
  deviceSends(bytes: Uint8Array): void {
    this.#holder?.arrive(bytes);
  }

  hold(channel: SimulatedChannel): Result<void, ChannelError> {
    if (!this.#plugged) return fail({ code: 'not_found', detail: 'the simulated device is not plugged in' });
    if (this.#holder !== null) return fail({ code: 'busy', detail: 'another channel holds this port' });
    this.#holder = channel;
    return ok(undefined);
  }

  release(channel: SimulatedChannel): void {
    if (this.#holder === channel) this.#holder = null;
  }

  #plugging(signal: AbortSignal): Promise<void> {
    return new Promise((resolve, reject) => {
      const stop = () => reject(signal.reason as Error);
      if (signal.aborted) return stop();
      signal.addEventListener('abort', stop, { once: true });
      this.#waiting.push(() => {
        signal.removeEventListener('abort', stop);
        resolve();
      });
    });
  }
}

type Incoming = Result<Chunk, ChannelError>;

class SimulatedChannel implements ByteChannel {
  readonly #options: SimulatedPortOptions;
  readonly #port: SimulatedPort;
  readonly #stop = new AbortController();
  #opened = false;
  #ended: ChannelError | null = null;
  #queue: Incoming[] = [];
  #queuedBytes = 0;
  #reader: ((incoming: Incoming) => void) | null = null;
  /** When the last paced byte has left the device. */
  #lineFreeMs = 0;

  constructor(options: SimulatedPortOptions, port: SimulatedPort) {
    this.#options = options;
    this.#port = port;
  }

  open(): Promise<Result<void, ChannelError>> {
    if (this.#ended !== null) return Promise.resolve(fail(this.#ended));
    if (this.#opened) return Promise.resolve(fail({ code: 'busy', detail: 'this channel is already open' }));
    const held = this.#port.hold(this);
    this.#opened = held.ok;
    return Promise.resolve(held);
  }

  read(): Promise<Incoming> {
    if (!this.#opened) throw new Error('read before open');
    if (this.#reader !== null) throw new Error('a second read while one is pending');
    const next = this.#queue.shift();
    if (next !== undefined) {
      if (next.ok) this.#queuedBytes -= next.value.bytes.length;
      return Promise.resolve(next);
    }
    if (this.#ended !== null) return Promise.resolve(fail(this.#ended));
    return new Promise((resolve) => (this.#reader = resolve));
  }

  write(bytes: Uint8Array): Promise<Result<HostMs, ChannelError>> {
    if (!this.#opened) throw new Error('write before open');
    if (this.#ended !== null) return Promise.resolve(fail(this.#ended));
    const { clock, instrument } = this.#options;
    const nowMs = clock.hostMs();
    for (const reply of instrument.receive(bytes.slice(), nowMs))
      this.#send(reply.bytes, reply.delayMs, nowMs);
    return Promise.resolve(ok(nowMs));
  }

  setSignals(): Promise<Result<void, ChannelError>> {
    if (!this.#opened) throw new Error('setSignals before open');
    return Promise.resolve(this.#ended === null ? ok(undefined) : fail(this.#ended));
  }

  close(): Promise<void> {
    this.end({ code: 'closed', detail: 'the channel was closed' });
    return Promise.resolve();
  }

  /** The first reason stays. What was received and not read is gone with the line. */
  end(why: ChannelError): void {
    if (this.#ended !== null) return;
    this.#ended = why;
    this.#stop.abort(new Error(why.detail));
    this.#queue = [];
    this.#queuedBytes = 0;
    this.#port.release(this);
    this.#reader?.(fail(why));
    this.#reader = null;
  }

  #send(bytes: Uint8Array, delayMs: number, nowMs: HostMs): void {
    if (bytes.length === 0) return;
    const { bytesPerSecond, clock } = this.#options;
    let dueMs = nowMs + delayMs;
    if (bytesPerSecond !== undefined) {
      dueMs = Math.max(dueMs, this.#lineFreeMs) + (bytes.length / bytesPerSecond) * 1000;
      this.#lineFreeMs = dueMs;
    }
    const waitMs = dueMs - nowMs;
    if (waitMs <= 0) return this.arrive(bytes);
    clock.sleep(waitMs, this.#stop.signal).then(
      () => this.arrive(bytes),
      () => undefined, // closed or lost while the bytes were on their way
    );
  }

  arrive(bytes: Uint8Array): void {
    if (this.#ended !== null) return;
    const incoming: Incoming = ok({ bytes: bytes.slice(), tHostMs: this.#options.clock.hostMs() });
    if (this.#reader !== null) {
      const reader = this.#reader;
      this.#reader = null;
      return reader(incoming);
    }
    if (this.#queuedBytes + bytes.length > RX_BYTES_MAX) {
      const last = this.#queue.at(-1);
      if (last === undefined || last.ok) {
        this.#queue.push(fail({ code: 'overrun', detail: `more than ${RX_BYTES_MAX} bytes were not read` }));
      }
      return;
    }
    this.#queue.push(incoming);
    this.#queuedBytes += bytes.length;
  }
}

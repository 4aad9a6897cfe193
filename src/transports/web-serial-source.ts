/** Waits for a granted serial port to be there: workers may not ask for one, only find those the page was granted. */
import type { Clock } from '../record/clock.ts';
import type { Result } from '../record/problem.ts';
import type { ByteChannel, ChannelError, ChannelLine, PortSource } from './byte-channel.ts';
import { WebSerialChannel } from './web-serial.ts';

export interface WebSerialWanted {
  readonly usbVendorId: number;
  readonly usbProductId: number;
  /** Which of several equal adapters, in the browser's order, from 0. */
  readonly index: number;
}

/** `connect` events of fast flaps coalesce, and one may come before the port can be opened. */
const RECHECK_MS = 1000;

/**
 * After a replug a new `SerialPort` object appears, so every `find` asks anew. Equal adapters cannot be told apart (no
 * serial number in `getInfo`): when the one at `index` turns out to be held by another worker, the next `find` tries
 * the others; who is there is settled by `identify`.
 */
export class WebSerialPortSource implements PortSource {
  readonly #serial: Serial;
  readonly #wanted: WebSerialWanted;
  readonly #clock: Clock;
  #found: SerialPort | null = null;
  #refused: SerialPort | null = null;

  constructor(serial: Serial, wanted: WebSerialWanted, clock: Clock) {
    this.#serial = serial;
    this.#wanted = wanted;
    this.#clock = clock;
  }

  async find(signal: AbortSignal): Promise<ByteChannel> {
    for (;;) {
      signal.throwIfAborted();
      // Listen before looking: a port that comes in between must not wait for the recheck.
      const change = this.#change(signal);
      const port = this.#choose(await this.#serial.getPorts());
      if (port !== null) {
        change.cancel();
        this.#found = port;
        return new WatchedChannel(port, this.#clock, (busy) => (this.#refused = busy ? port : this.#refused));
      }
      await change.came;
    }
  }

  refuse(): void {
    this.#refused = this.#found;
  }

  #choose(ports: readonly SerialPort[]): SerialPort | null {
    const equal = ports.filter((port) => {
      const { usbVendorId, usbProductId } = port.getInfo();
      return (
        usbVendorId === this.#wanted.usbVendorId &&
        usbProductId === this.#wanted.usbProductId &&
        port.connected !== false
      );
    });
    const wanted = equal[this.#wanted.index] ?? null;
    if (wanted === null || wanted !== this.#refused) return wanted;
    this.#refused = null;
    return equal.find((port) => port !== wanted) ?? wanted;
  }

  #change(signal: AbortSignal): { readonly came: Promise<void>; cancel(): void } {
    const stop = new AbortController();
    const cancel = () => stop.abort(new Error('no longer waiting'));
    signal.addEventListener('abort', cancel, { once: true });
    this.#serial.addEventListener('connect', cancel, { once: true });
    const came = this.#clock.sleep(RECHECK_MS, stop.signal).then(
      () => undefined,
      () => undefined,
    );
    void came.then(() => {
      signal.removeEventListener('abort', cancel);
      this.#serial.removeEventListener('connect', cancel);
    });
    return { came, cancel };
  }
}

/** Tells its source whether somebody else holds the port. */
class WatchedChannel extends WebSerialChannel {
  readonly #tell: (busy: boolean) => void;

  constructor(port: SerialPort, clock: Clock, tell: (busy: boolean) => void) {
    super(port, clock);
    this.#tell = tell;
  }

  override async open(line: ChannelLine): Promise<Result<void, ChannelError>> {
    const opened = await super.open(line);
    this.#tell(!opened.ok && opened.error.code === 'busy');
    return opened;
  }
}

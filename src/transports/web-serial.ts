/**
 * A byte channel over one `SerialPort`, for a dedicated worker.
 *
 * Facts it rests on (Chromium 156, `serial-shim/README.md` "Pitfalls"): a hang-up rejects the read with `NetworkError`
 * and `readable` is null from then on; a removal fires `disconnect` but leaves a pending read hanging; break, parity,
 * framing and overrun errors replace `readable`, and reading goes on with a new reader; the default buffer of 255
 * bytes overruns.
 */
import type { Clock, HostMs } from '../record/clock.ts';
import type { Result } from '../record/problem.ts';
import { fail, ok } from '../record/problem.ts';
import type { ByteChannel, ChannelError, ChannelLine, Chunk } from './byte-channel.ts';

const BUFFER_BYTES = 65_536;
/** A close that the browser does not finish must not hold up the way back after a replug. */
const CLOSE_MS_MAX = 2000;

const READ_FAULTS: ReadonlyMap<string, ChannelError['code']> = new Map([
  ['BreakError', 'break'],
  ['FramingError', 'framing'],
  ['ParityError', 'parity'],
  ['BufferOverrunError', 'overrun'],
]);

export class WebSerialChannel implements ByteChannel {
  readonly #port: SerialPort;
  readonly #clock: Clock;
  /** Those who wait for the port. Not one promise raced by every read: that would keep every read for ever. */
  readonly #waiting = new Set<(why: ChannelError) => void>();
  #opened = false;
  #ended: ChannelError | null = null;
  #closing: Promise<void> | null = null;
  #reader: ReadableStreamDefaultReader<Uint8Array> | null = null;
  #writer: WritableStreamDefaultWriter<Uint8Array> | null = null;
  #reading = false;
  #writing = false;

  constructor(port: SerialPort, clock: Clock) {
    this.#port = port;
    this.#clock = clock;
  }

  async open(line: ChannelLine): Promise<Result<void, ChannelError>> {
    if (this.#ended !== null) return fail(this.#ended);
    if (this.#opened) return fail({ code: 'busy', detail: 'this channel is already open' });
    try {
      await this.#port.open({
        baudRate: line.baudRate,
        dataBits: line.dataBits,
        parity: line.parity,
        stopBits: line.stopBits,
        flowControl: line.flowControl,
        bufferSize: BUFFER_BYTES,
      });
    } catch (error) {
      const gone = this.#port.connected === false;
      return fail({ code: gone ? 'not_found' : 'busy', detail: words(error) });
    }
    this.#opened = true;
    if (this.#ended !== null) {
      await this.#closePort();
      return fail(this.#ended);
    }
    this.#port.addEventListener('disconnect', this.#onDisconnect);
    return ok(undefined);
  }

  async read(): Promise<Result<Chunk, ChannelError>> {
    if (!this.#opened) throw new Error('read before open');
    if (this.#reading) throw new Error('a second read while one is pending');
    this.#reading = true;
    try {
      return await this.#readOnce();
    } finally {
      this.#reading = false;
    }
  }

  async #readOnce(): Promise<Result<Chunk, ChannelError>> {
    for (;;) {
      if (this.#ended !== null) return fail(this.#ended);
      this.#reader ??= this.#port.readable?.getReader() ?? null;
      if (this.#reader === null) return this.#lost('the port can no longer be read');
      const next = await this.#orEnd(this.#reader.read());
      const tHostMs = this.#clock.hostMs();
      if (this.#ended !== null) return fail(this.#ended);
      if ('code' in next) return fail(next);
      if (!next.ok) return this.#readFault(next.error);
      const { value, done } = next.value;
      if (done) this.#dropReader();
      else if (value.length > 0) return ok({ bytes: value, tHostMs });
    }
  }

  async write(bytes: Uint8Array): Promise<Result<HostMs, ChannelError>> {
    if (!this.#opened) throw new Error('write before open');
    if (this.#ended !== null) return fail(this.#ended);
    this.#writer ??= this.#port.writable?.getWriter() ?? null;
    if (this.#writer === null) return this.#lost('the port can no longer be written');
    this.#writing = true;
    const done = await this.#orEnd(this.#writer.write(bytes));
    if (this.#ended !== null) return fail(this.#ended);
    this.#writing = false;
    if ('code' in done) return fail(done);
    if (!done.ok) return this.#lost(words(done.error));
    return ok(this.#clock.hostMs());
  }

  async setSignals(signals: {
    readonly dataTerminalReady?: boolean;
    readonly requestToSend?: boolean;
  }): Promise<Result<void, ChannelError>> {
    if (!this.#opened) throw new Error('setSignals before open');
    if (this.#ended !== null) return fail(this.#ended);
    const done = await settled(this.#port.setSignals({ ...signals }));
    // Some adapters have no such lines; the data lines go on.
    return done.ok ? ok(undefined) : fail({ code: 'not_found', detail: words(done.error) });
  }

  close(): Promise<void> {
    this.#end({ code: 'closed', detail: 'the channel was closed' });
    this.#closing ??= this.#opened ? this.#closePort() : Promise.resolve();
    return this.#closing;
  }

  async #closePort(): Promise<void> {
    this.#port.removeEventListener('disconnect', this.#onDisconnect);
    const closed = (async () => {
      if (this.#reader !== null) await settled(this.#reader.cancel());
      this.#dropReader();
      // Releasing the lock leaves a write in flight; the port would not close before the device took it.
      if (this.#writer !== null && this.#writing) await settled(this.#writer.abort());
      this.#writer?.releaseLock();
      this.#writer = null;
      await settled(this.#port.close());
    })();
    const tooLong = new AbortController();
    const bound = settled(this.#clock.sleep(CLOSE_MS_MAX, tooLong.signal));
    await Promise.race([closed, bound]);
    tooLong.abort(new Error('closed in time'));
  }

  readonly #onDisconnect = (): void => {
    this.#end({ code: 'lost', detail: 'the device was unplugged' });
  };

  /** The first reason stays; everyone who waits learns of it. */
  #end(why: ChannelError): void {
    this.#ended ??= why;
    for (const tell of this.#waiting) tell(this.#ended);
    this.#waiting.clear();
  }

  #orEnd<T>(promise: Promise<T>): Promise<Result<T, unknown> | ChannelError> {
    return new Promise((resolve) => {
      this.#waiting.add(resolve);
      void settled(promise).then((result) => {
        this.#waiting.delete(resolve);
        resolve(result);
      });
    });
  }

  #readFault(error: unknown): Result<never, ChannelError> {
    this.#dropReader();
    const code = READ_FAULTS.get(error instanceof Error ? error.name : '');
    if (code === undefined || this.#port.readable === null) return this.#lost(words(error));
    return fail({ code, detail: words(error) });
  }

  #lost(detail: string): Result<never, ChannelError> {
    this.#end({ code: 'lost', detail });
    return fail(this.#ended ?? { code: 'lost', detail });
  }

  #dropReader(): void {
    this.#reader?.releaseLock();
    this.#reader = null;
  }
}

async function settled<T>(promise: Promise<T>): Promise<Result<T, unknown>> {
  try {
    return ok(await promise);
  } catch (error) {
    return fail(error);
  }
}

function words(error: unknown): string {
  return error instanceof Error ? `${error.name}: ${error.message}` : String(error);
}

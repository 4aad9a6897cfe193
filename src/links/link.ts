/** One port: waits for it, opens it, gives its devices their turns, and begins again when it was lost. */
import type { Clock } from '../record/clock.ts';
import type { Result } from '../record/problem.ts';
import type { ByteChannel, ChannelLine, PortSource } from '../transports/byte-channel.ts';
import { orAborted } from './abortable.ts';
import { CommandLane, type Urgency } from './command-lane.ts';
import type { DeviceLink } from './device-link.ts';
import { PortLine } from './exchange-line.ts';

/** The first exchange after opening can be lost on RS-485 adapters (`spec/protocols.md` §0.3, rule 8). */
export const SETTLE_MS = 50;
const OPEN_AGAIN_MS = 500;
/** Time for the worker whose instrument this is to take the port. */
const MISPLACED_AGAIN_MS = 1500;
const TICK_MS = 250;

export interface LinkOptions {
  readonly source: PortSource;
  readonly line: ChannelLine;
  /** At least one; all on this wire. */
  readonly devices: readonly DeviceLink[];
  readonly clock: Clock;
}

export class Link {
  readonly devices: readonly DeviceLink[];
  readonly #source: PortSource;
  readonly #line: ChannelLine;
  readonly #clock: Clock;
  readonly #lane = new CommandLane();

  constructor(options: LinkOptions) {
    if (options.devices.length === 0) throw new Error('a link without devices');
    this.devices = options.devices;
    this.#source = options.source;
    this.#line = options.line;
    this.#clock = options.clock;
  }

  /** Runs until the signal; an exchange under way is finished first. Rejects only when an invariant broke. */
  async run(signal: AbortSignal): Promise<void> {
    const ticking = this.#tickUntil(signal);
    while (!signal.aborted) {
      this.#say('waiting-for-port', '');
      const channel = await this.#find(signal);
      if (channel === null) break;
      await this.#useChannel(channel, signal);
    }
    await ticking;
    await Promise.all(this.devices.map((device) => device.close()));
  }

  /** Runs `work` between polls. */
  within<T>(urgency: Urgency, work: () => Promise<T>): Promise<Result<T, 'full'>> {
    return this.#lane.run(urgency, work);
  }

  async #find(signal: AbortSignal): Promise<ByteChannel | null> {
    try {
      return await this.#source.find(signal);
    } catch (error) {
      if (signal.aborted) return null;
      throw error;
    }
  }

  async #useChannel(channel: ByteChannel, signal: AbortSignal): Promise<void> {
    this.#say('opening', '');
    const opened = await channel.open(this.#line);
    if (opened.ok) {
      await this.#pause(SETTLE_MS, signal);
      await this.#session(channel, signal);
      return;
    }
    await channel.close();
    this.#say('failed', `the port cannot be opened: ${opened.error.detail}`);
    await this.#pause(OPEN_AGAIN_MS, signal);
  }

  async #session(channel: ByteChannel, signal: AbortSignal): Promise<void> {
    const over = new AbortController();
    const stop = () => over.abort(new Error('the link stops'));
    if (signal.aborted) stop();
    signal.addEventListener('abort', stop, { once: true });
    const port = new PortLine(channel, this.#clock, this.#next().wire);
    // The read loop goes on whatever happens below; it alone learns at once that the port is gone.
    const reading = port.run().then((error) => {
      if (error.code === 'lost') for (const device of this.devices) device.lost(error.detail);
      over.abort(new Error(error.detail));
    });
    for (const device of this.devices) device.attach(port.lineFor(device.wire));
    try {
      while (!over.signal.aborted && !this.#misplaced()) await this.#turn(over.signal);
    } finally {
      signal.removeEventListener('abort', stop);
      await channel.close();
      await reading;
    }
    if (!this.#misplaced()) return;
    this.#source.refuse?.();
    for (const device of this.devices) device.release();
    await this.#pause(MISPLACED_AGAIN_MS, signal);
  }

  #misplaced(): boolean {
    return this.devices.some((device) => device.misplaced);
  }

  /** Waits until a device is due and gives it the wire; then waits until what it said is accepted upstream. */
  async #turn(over: AbortSignal): Promise<void> {
    const device = this.#next();
    const waitMs = device.dueMs - this.#clock.hostMs();
    if (waitMs > 0) {
      // Looked at again four times a second: a device may become due by a command or an identify.
      await this.#pause(Math.min(waitMs, TICK_MS), over);
      if (over.aborted || device.dueMs > this.#clock.hostMs()) return;
    }
    const turn = await this.#lane.run('poll', () => device.turn());
    if (turn.ok) await orAborted(turn.value.emitted, over);
  }

  #next(): DeviceLink {
    return this.devices.reduce((first, device) => (device.dueMs < first.dueMs ? device : first));
  }

  #say(phase: 'waiting-for-port' | 'opening' | 'failed', detail: string): void {
    for (const device of this.devices) device.waiting(phase, detail);
  }

  async #tickUntil(signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      await this.#pause(TICK_MS, signal);
      for (const device of this.devices) device.tick();
    }
  }

  async #pause(ms: number, signal: AbortSignal): Promise<void> {
    await this.#clock.sleep(ms, signal).catch(() => undefined);
  }
}

/** Everything an instrument worker does, behind `InstrumentControl`: links over its resource, one outbox, one clock. */
import type { Family } from '../instruments/family.ts';
import type { HostMs } from '../record/clock.ts';
import type { Command, Receipt } from '../record/command.ts';
import type { Ack } from '../record/producer.ts';
import { type PortBinding, portName, type RigDevice } from '../rig/rig.ts';
import type { PortSource } from '../transports/byte-channel.ts';
import { ALIGN_EVERY_MS, type AlignedClock, PINGS_AT_CONNECT, PINGS_LATER } from '../wire/align.ts';
import { capacityFor } from '../wire/bridge.ts';
import { CallError, connectControl, type Remote } from '../wire/call.ts';
import type {
  DownstreamFrame,
  InstrumentControl,
  InstrumentHost,
  PortPair,
  UpstreamFrame,
} from '../wire/messages.ts';
import { Outbox } from '../wire/outbox.ts';
import { framePort, UnknownFrame, type FramePort } from '../wire/port.ts';
import { orAborted } from './abortable.ts';
import { AnsweredCommands } from './answered-commands.ts';
import { DeviceLink } from './device-link.ts';
import { Link } from './link.ts';
import type { Found } from './probe.ts';
import { Producer } from './producer.ts';
import { anonymity, refusal } from './receipts.ts';
import { searchPort } from './search.ts';
import { ViewFeed } from './view-feed.ts';

export interface InstrumentHostOptions {
  readonly resource: string;
  readonly port: PortBinding;
  /** Of this worker; producers outside runs carry it. */
  readonly epochMs: number;
  readonly families: ReadonlyMap<string, Family>;
  readonly clock: AlignedClock;
  /** The port of a device; null asks for the resource itself, to find out what is there. */
  sourceOf(device: RigDevice | null): PortSource | null;
  /** An invariant broke: the worker must die visibly. */
  failed(error: unknown): void;
}

type Arm = Parameters<InstrumentControl['arm']>[0];

/** A poll under way when the run ends is waited for; an identify that takes longer is not (`forced`). */
const DISARM_TURN_MS = 2000;
const DISARM_FLUSH_MS = 10_000;
const VIEWS_EVERY_MS = 1000;
const FIRST_ALIGN_MS_MAX = 2000;
const CALL_MS = 5000;
/** More than any load makes of a ping. It takes a host that slept, or a clock that was set, and then a new conductor. */
const OTHER_SCALE_MS = 50;

export class InstrumentWorkerHost implements InstrumentControl {
  readonly #options: InstrumentHostOptions;
  readonly #views = new ViewFeed();
  readonly #outbox: Outbox;
  readonly #answered = new AnsweredCommands();
  #control: Remote<InstrumentHost> | null = null;
  #data: FramePort<DownstreamFrame, UpstreamFrame> | null = null;
  #aligned: Promise<void> = Promise.resolve();
  #configured: string | null = null;
  #epochMs: number;
  #links: readonly Link[] = [];
  #running: Promise<void> = Promise.resolve();
  #stop = new AbortController();
  #armed: Arm | null = null;
  /** What answered on a port nobody configured, until somebody does. */
  #found: Found | null = null;

  constructor(options: InstrumentHostOptions) {
    this.#options = options;
    this.#epochMs = options.epochMs - 1;
    this.#outbox = new Outbox({ clock: options.clock, capacity: capacityFor(0) });
  }

  /** Until the signal: keeps the clock aligned and the views fresh. */
  async run(signal: AbortSignal): Promise<void> {
    const { clock } = this.#options;
    let alignAtMs = clock.hostMs() + ALIGN_EVERY_MS;
    while (!signal.aborted) {
      await clock.sleep(VIEWS_EVERY_MS, signal).catch(() => undefined);
      this.#showAll();
      if (clock.hostMs() < alignAtMs) continue;
      alignAtMs = clock.hostMs() + ALIGN_EVERY_MS;
      await this.#align(PINGS_LATER);
    }
    this.#stop.abort(new Error('the worker stops'));
    await this.#running;
  }

  /** A (new) conductor. What it lacks is sent again before anything new. */
  connect(ports: PortPair): void {
    this.#control?.close();
    this.#data?.close();
    const control = connectControl<InstrumentHost>(ports.control, this.#api(), { timeoutMs: CALL_MS });
    const data = framePort<DownstreamFrame, UpstreamFrame>(ports.data);
    this.#control = control;
    this.#data = data;
    data.listen((frame) => {
      // Of a conductor that is gone.
      if (this.#data !== data) return;
      if (!this.#outbox.onFrame(frame)) this.#options.failed(new UnknownFrame('instrument', frame));
    });
    this.#outbox.connect((frame) => data.post(frame));
    this.#aligned = this.#align(PINGS_AT_CONNECT);
    this.#views.host = control;
    this.#showAll();
    this.#tellFound();
  }

  async configure(devices: readonly RigDevice[]): Promise<void> {
    const wanted = JSON.stringify(devices);
    if (wanted === this.#configured) return this.#tellFound();
    if (this.#armed !== null)
      throw new CallError(
        'armed',
        `${this.#options.resource}: devices cannot change while run ${this.#armed.runId} is open`,
      );
    this.#configured = wanted;
    this.#found = null;
    await this.#stopLinks();
    // The first stamp should already be on the conductor's scale; a conductor that does not answer must not hold us up.
    const patience = AbortSignal.timeout(FIRST_ALIGN_MS_MAX);
    await orAborted(this.#aligned, patience);
    if (this.#configured === wanted) this.#startLinks(devices);
  }

  async arm(run: Arm): Promise<void> {
    if (this.#armed?.runId === run.runId) return;
    const restart = this.#armed === null && this.#options.clock.behindMs > OTHER_SCALE_MS;
    this.#armed = run;
    if (restart) await this.#changeScale(run.epochMs);
    await Promise.all(
      this.#devices().map(({ link, device }) =>
        link.within('safety', () => {
          // Disarmed again while this waited for its turn.
          if (this.#armed === run) device.arm(run);
          return Promise.resolve();
        }),
      ),
    );
  }

  async disarm(): Promise<{ readonly result: 'ok' | 'forced'; readonly upTo: readonly Ack[] }> {
    this.#armed = null;
    const ends = await Promise.all(
      this.#devices().map(({ link, device }) => this.#disarmDevice(link, device)),
    );
    return {
      result: ends.every(({ forced }) => !forced) ? 'ok' : 'forced',
      upTo: ends.flatMap(({ upTo }) => upTo),
    };
  }

  /** The one door of every command, whoever sends it: by name, and once. */
  command(command: Command): Promise<Receipt> {
    return this.#answered.once(command.id, () => this.#carryOut(command));
  }

  async makeSafe(): Promise<readonly Receipt[]> {
    return Promise.all(
      this.#devices().map(async ({ link, device }) => {
        const id = `make-safe-${device.name}-${Math.round(this.#options.clock.hostMs())}`;
        const why = 'outputs to their safe values';
        const command: Command = {
          id,
          device: device.name,
          kind: 'make_safe',
          payload: {},
          issuedBy: 'conductor',
          why,
        };
        const done = await link.within('safety', () => device.makeSafe(command));
        return done.ok ? done.value : device.refuse(command, 'the port is busy');
      }),
    );
  }

  ping(): Promise<HostMs> {
    return Promise.resolve(this.#options.clock.hostMs());
  }

  devices(): ReturnType<InstrumentControl['devices']> {
    return Promise.resolve(this.#devices().map(({ device }) => device.view()));
  }

  async #carryOut(command: Command): Promise<Receipt> {
    const found = this.#devices().find(({ device }) => device.name === command.device);
    if (found === undefined)
      return refusal(command, `there is no device ${command.device} on ${this.#options.resource}`);
    const anonymous = anonymity(command);
    if (anonymous !== null) return found.device.refuse(command, anonymous);
    const done = await found.link.within('command', () => found.device.command(command));
    return done.ok
      ? done.value
      : found.device.refuse(command, 'eight commands are waiting for this port already');
  }

  /** Only these cross the port. */
  #api(): InstrumentControl {
    return {
      configure: (devices) => this.configure(devices),
      arm: (run) => this.arm(run),
      disarm: () => this.disarm(),
      command: (command) => this.command(command),
      makeSafe: () => this.makeSafe(),
      ping: () => this.ping(),
      devices: () => this.devices(),
    };
  }

  #devices(): { readonly link: Link; readonly device: DeviceLink }[] {
    return this.#links.flatMap((link) => link.devices.map((device) => ({ link, device })));
  }

  async #disarmDevice(
    link: Link,
    device: DeviceLink,
  ): Promise<{ readonly forced: boolean; readonly upTo: readonly Ack[] }> {
    let upTo: readonly Ack[] = [];
    let atRest = false;
    const turn = link.within('safety', () => {
      atRest = true;
      upTo = [...upTo, ...device.disarm()];
      return Promise.resolve();
    });
    await orAborted(turn, AbortSignal.timeout(DISARM_TURN_MS));
    // Idempotent: a turn that comes later finds nothing to end.
    if (!atRest) upTo = device.disarm();
    const tooLong = AbortSignal.timeout(DISARM_FLUSH_MS);
    await orAborted(device.flushed(), tooLong);
    return { forced: !atRest || tooLong.aborted, upTo };
  }

  #startLinks(devices: readonly RigDevice[]): void {
    const rateHz = devices.reduce((sum, device) => sum + device.params.rate_hz, 0);
    this.#outbox.setCapacity(capacityFor(rateHz));
    this.#epochMs = Math.max(this.#epochMs + 1, Math.floor(this.#options.clock.hostMs()));
    this.#stop = new AbortController();
    this.#links =
      devices.length === 0 ? [] : this.#linksOf(devices.map((device) => this.#deviceLink(device)));
    const { signal } = this.#stop;
    const work = devices.length === 0 ? [this.#search(signal)] : this.#links.map((link) => link.run(signal));
    this.#running = Promise.all(work).then(
      () => undefined,
      (error: unknown) => this.#options.failed(error),
    );
    this.#showAll();
  }

  /**
   * The conductor was born on another scale than ours. Slewing there would take hours, and everything until then would
   * lie before run zero or far behind it; so the links begin anew on its scale, as new producers.
   */
  async #changeScale(epochTakenMs: number): Promise<void> {
    const configured = this.#configured;
    await this.#stopLinks();
    this.#options.clock.step();
    this.#epochMs = Math.max(this.#epochMs, epochTakenMs);
    // Disarmed and configured anew meanwhile: then they are started there.
    if (configured !== null && configured === this.#configured)
      this.#startLinks(JSON.parse(configured) as readonly RigDevice[]);
  }

  async #stopLinks(): Promise<void> {
    this.#stop.abort(new Error('other devices were configured'));
    await this.#running;
    this.#links = [];
  }

  /** Simulated devices have a wire each; real ones on one port share it. */
  #linksOf(devices: readonly DeviceLink[]): Link[] {
    const groups =
      this.#options.port.transport === 'simulated' ? devices.map((device) => [device]) : [devices];
    return groups.flatMap((group) => {
      const [first] = group;
      const source = first && this.#options.sourceOf(first.device);
      if (!first || !source) return [];
      const line = first.family.declaration.lineOf(first.device.params);
      return [new Link({ source, line, devices: group, clock: this.#options.clock })];
    });
  }

  #deviceLink(device: RigDevice): DeviceLink {
    const family = this.#options.families.get(device.adapter);
    if (family === undefined)
      throw new CallError('unknown_adapter', `no instrument family is called ${device.adapter}`);
    const { clock } = this.#options;
    return new DeviceLink(device, family, {
      clock,
      producer: new Producer(device.name, this.#epochMs, { emit: (envelope) => this.#outbox.emit(envelope) }),
      bridge: () => this.#outbox.counters(),
      unackedBytes: () => this.#outbox.kept.bytes,
      alignment: () => clock.alignment,
      changed: (view) => this.#views.changed(view),
    });
  }

  async #search(signal: AbortSignal): Promise<void> {
    const { port, families, clock } = this.#options;
    const source = this.#options.sourceOf(null);
    if (source === null) return;
    const found = await searchPort({
      source,
      port,
      families,
      clock,
      signal,
      bridge: () => this.#outbox.counters(),
      changed: (view) => this.#views.changed(view),
    });
    this.#found = found;
    this.#tellFound();
  }

  /** Not awaited: the conductor answers by configuring what was found, and that waits for this search to end. */
  #tellFound(): void {
    if (this.#found === null) return;
    const { family, device, channels } = this.#found;
    const resource = portName(this.#options.port);
    // A conductor that dies now is told again by the next `connect`.
    this.#control?.discovered({ resource, family, device, channels }).catch(() => undefined);
  }

  #showAll(): void {
    for (const { device } of this.#devices()) this.#views.changed(device.view());
  }

  async #align(pings: number): Promise<void> {
    const control = this.#control;
    if (control === null) return;
    // No answer: the conductor is dead or busy. The old offset goes on; the next round tries again.
    await this.#options.clock.align(() => control.ping(), pings).catch(() => undefined);
  }
}

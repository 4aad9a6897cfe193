/** The instrument workers: one link per resource, configured with its devices, armed and disarmed together. */
import type { Clock, RunZero } from '../record/clock.ts';
import type { Command, Receipt } from '../record/command.ts';
import type { Envelope } from '../record/item.ts';
import type { Ack } from '../record/producer.ts';
import { portName, type Rig } from '../rig/rig.ts';
import { BridgeReceiver, capacityFor } from '../wire/bridge.ts';
import { UnknownFrame } from '../wire/port.ts';
import { codeOf, within, wordsOf } from './deadline.ts';
import type { Upstream } from './fan-out.ts';
import type { InstrumentPeer } from './peers.ts';

const ARM_MS = 5000;
/** Above the worker's own limits: 2 s for the exchange in progress, 10 s to hand over what it has. */
const DISARM_MS = 15_000;
const CONFIGURE_MS = 10_000;
const COMMAND_MS = 10_000;

/** A worker that was started in this very millisecond numbers its kiosk lanes by it; the run's must differ. */
const EPOCH_AHEAD_MS = 2;

export interface ArmedRun {
  readonly runId: string;
  readonly zero: RunZero;
  readonly job: string;
}

export type WorkerState = 'idle' | 'sampling';

export interface InstrumentsOptions {
  readonly clock: Clock;
  take(from: Upstream, envelope: Envelope): void | Promise<void>;
  forget(from: Upstream): void;
  /** A broken invariant. */
  broken(error: unknown): void;
  /** A worker did not do what it was asked to. */
  refused(resource: string, what: string, detail: string): void;
  gone(resource: string): void;
  /** A worker began or ended to sample for a run (`spec/capa.md` §4.1). */
  transition(resource: string, from: WorkerState, to: WorkerState): void;
  commandRefused(command: Command, detail: string): void;
}

interface Link extends Upstream {
  readonly peer: InstrumentPeer;
  readonly receiver: BridgeReceiver<Envelope>;
  alive: boolean;
  /** Arm and disarm go one after the other: an arm still on its way must not outlive the disarm. */
  turn: Promise<unknown>;
}

export class Instruments {
  readonly #options: InstrumentsOptions;
  readonly #links = new Map<string, Link>();
  /** Links of dead workers whose last envelopes wait for room at the recorder. */
  readonly #leaving = new Set<Link>();
  #rig: Rig;
  #run: ArmedRun | null = null;
  #epochMs = 0;

  constructor(rig: Rig, options: InstrumentsOptions) {
    this.#rig = rig;
    this.#options = options;
  }

  get resources(): readonly string[] {
    return [...this.#links.keys()];
  }

  /** A worker says hello: the first of its resource, or in place of one that died. */
  connect(peer: InstrumentPeer): void {
    const before = this.#links.get(peer.resource);
    // The same worker with new ports goes on reading; another one took the place of one that died.
    if (before !== undefined && peer.reconnected) this.#drop(before);
    else if (before !== undefined) this.#gone(before);
    const rateHz = this.#devicesOf(peer.resource).reduce((sum, { params }) => sum + params.rate_hz, 0);
    const link: Link = {
      peer,
      alive: true,
      turn: Promise.resolve(),
      post: (frame) => {
        if (link.alive) peer.data.post(frame);
      },
      receiver: new BridgeReceiver<Envelope>({
        post: (frame) => link.post(frame),
        capacity: capacityFor(rateHz),
        bytesOf: ({ bytes }) => bytes,
        take: (envelope) => this.#options.take(link, envelope),
        failed: (error) => this.#options.broken(error),
      }),
    };
    this.#links.set(peer.resource, link);
    peer.data.listen((frame) => {
      if (!link.receiver.onFrame(frame))
        this.#options.broken(new UnknownFrame(`instrument ${peer.resource}`, frame));
    });
    void peer.gone.then(() => this.#gone(link));
    void this.#welcome(link);
  }

  /** The rig changed: every worker learns its devices. */
  async configure(rig: Rig): Promise<void> {
    this.#rig = rig;
    await Promise.all([...this.#links.values()].map((link) => this.#configureOne(link)));
  }

  /** Asks one worker again what is there. */
  async probe(resource: string): Promise<void> {
    const link = this.#links.get(resource);
    if (link !== undefined) await this.#configureOne(link);
  }

  /** No run is open, but workers that lived on may think there is one. */
  async disarmReconnected(): Promise<void> {
    const links = [...this.#links.values()].filter(({ peer }) => peer.reconnected);
    await Promise.all(links.map((link) => this.#disarm(link)));
  }

  /** From now on all workers, also those that come later, belong to this run. */
  async armAll(run: ArmedRun): Promise<void> {
    this.#run = run;
    await Promise.all([...this.#links.values()].map((link) => this.#arm(link)));
  }

  /** Stops all producers. What they emitted last, as far as they could say. */
  async disarmAll(): Promise<readonly Ack[]> {
    this.#run = null;
    const all = await Promise.all([...this.#links.values()].map((link) => this.#disarm(link)));
    return all.flat();
  }

  /** Envelopes that came and wait for room at the recorder. */
  get waiting(): number {
    for (const link of this.#leaving) if (link.receiver.depth === 0) this.#leaving.delete(link);
    return [...this.#links.values(), ...this.#leaving].reduce((sum, link) => sum + link.receiver.depth, 0);
  }

  async command(command: Command): Promise<Receipt> {
    const device = this.#rig.devices.find(({ name }) => name === command.device);
    const link = device && this.#links.get(portName(device.port));
    if (link === undefined) return this.#refuse(command, `no worker for a device called ${command.device}`);
    try {
      return await this.#ask(link, COMMAND_MS, 'command', link.peer.control.command(command));
    } catch (error) {
      return this.#refuse(command, wordsOf(error));
    }
  }

  #refuse(command: Command, detail: string): Receipt {
    this.#options.commandRefused(command, detail);
    return { commandId: command.id, accepted: false, detail, asked: command.payload, sent: {} };
  }

  async #welcome(link: Link): Promise<void> {
    await this.#configureOne(link);
    // A worker that lived on and is armed for this run ignores it.
    if (this.#run !== null && this.#links.get(link.peer.resource) === link) await this.#arm(link);
  }

  async #configureOne(link: Link): Promise<void> {
    const devices = this.#devicesOf(link.peer.resource);
    // A worker that lived on knows its devices; this conductor may not know the rig yet.
    if (link.peer.reconnected && devices.length === 0) return;
    await this.#try(link, CONFIGURE_MS, 'configure', () => link.peer.control.configure(devices));
  }

  #arm(link: Link): Promise<void> {
    return this.#inTurn(link, async () => {
      const run = this.#run;
      if (run === null) return;
      const nowMs = Math.floor(this.#options.clock.hostMs());
      this.#epochMs = Math.max(this.#epochMs, nowMs + EPOCH_AHEAD_MS) + 1;
      const order = { ...run, epochMs: this.#epochMs };
      const armed = await this.#try(link, ARM_MS, 'arm', () => link.peer.control.arm(order).then(() => true));
      if (armed === true) this.#options.transition(link.peer.resource, 'idle', 'sampling');
    });
  }

  #disarm(link: Link): Promise<readonly Ack[]> {
    return this.#inTurn(link, async () => {
      const done = await this.#try(link, DISARM_MS, 'disarm', () => link.peer.control.disarm());
      if (done !== null) this.#options.transition(link.peer.resource, 'sampling', 'idle');
      return done?.upTo ?? [];
    });
  }

  #inTurn<T>(link: Link, work: () => Promise<T>): Promise<T> {
    const turn = link.turn.then(work);
    link.turn = turn.catch(() => undefined);
    return turn;
  }

  async #try<T>(link: Link, ms: number, what: string, work: () => Promise<T>): Promise<T | null> {
    try {
      return await this.#ask(link, ms, what, work());
    } catch (error) {
      // It lived on and is armed for the run that is about to be adopted.
      if (link.peer.reconnected && codeOf(error) === 'armed') return null;
      if (link.alive) this.#options.refused(link.peer.resource, what, wordsOf(error));
      return null;
    }
  }

  #ask<T>(link: Link, ms: number, what: string, work: Promise<T>): Promise<T> {
    const { clock } = this.#options;
    return within(clock, ms, `${link.peer.resource} ${what}`, work, link.peer.gone);
  }

  #gone(link: Link): void {
    if (!link.alive) return;
    this.#drop(link);
    this.#options.gone(link.peer.resource);
  }

  /** What it sent and was not taken yet is still taken: only its port is dead. */
  #drop(link: Link): void {
    link.alive = false;
    link.peer.close();
    this.#leaving.add(link);
    if (this.#links.get(link.peer.resource) === link) this.#links.delete(link.peer.resource);
    this.#options.forget(link);
  }

  #devicesOf(resource: string): Rig['devices'] {
    return this.#rig.devices.filter(({ port }) => portName(port) === resource);
  }
}

import type { Family } from '../../../src/instruments/family.ts';
import type { Json, RunEvent } from '../../../src/record/event.ts';
import type { DataItem, Envelope, RecordItem, WireItem } from '../../../src/record/item.ts';
import type { RigDevice } from '../../../src/rig/rig.ts';
import type { DeviceView } from '../../../src/wire/messages.ts';
import { DeviceLink } from '../../../src/links/device-link.ts';
import { Link } from '../../../src/links/link.ts';
import { Producer } from '../../../src/links/producer.ts';
import { SimulatedPort } from '../../../src/transports/simulated.ts';
import { TOY, ToySimulator, toyParams } from './toy.ts';
import { VirtualClock } from './virtual-clock.ts';

/** A link over simulated toys, everything it emits kept in order. */
export class Bench {
  readonly clock = new VirtualClock();
  readonly envelopes: Envelope[] = [];
  readonly views: DeviceView[] = [];
  readonly simulator: ToySimulator;
  readonly port: SimulatedPort;
  readonly devices: DeviceLink[];
  readonly link: Link;
  readonly #stop = new AbortController();
  #running: Promise<void> = Promise.resolve();
  /** While set, upstream takes nothing. */
  blocked: Promise<void> | null = null;

  constructor(
    options: { rateHz?: number; params?: { [key: string]: Json }; names?: string[]; family?: Family } = {},
  ) {
    this.simulator = new ToySimulator();
    this.port = new SimulatedPort({ instrument: this.simulator, clock: this.clock });
    const names = options.names ?? ['toy1'];
    this.devices = names.map((name) => this.#device(name, options));
    const line = TOY.declaration.lineOf(toyParams(1));
    this.link = new Link({ source: this.port, line, devices: this.devices, clock: this.clock });
  }

  #device(
    name: string,
    options: { rateHz?: number; params?: { [key: string]: Json }; family?: Family },
  ): DeviceLink {
    const device: RigDevice = {
      name,
      adapter: 'toy',
      port: { transport: 'simulated' },
      params: toyParams(options.rateHz ?? 10, options.params),
      onFailure: 'warn',
    };
    const outlet = {
      emit: async (envelope: Envelope) => {
        if (this.blocked !== null) await this.blocked;
        this.envelopes.push(envelope);
      },
    };
    return new DeviceLink(device, options.family ?? TOY, {
      clock: this.clock,
      producer: new Producer(name, 1, outlet),
      bridge: () => NO_COUNTERS,
      unackedBytes: () => 0,
      alignment: () => ({ offsetMs: 0.5, errorMs: 0.1 }),
      changed: (view) => this.views.push(view),
    });
  }

  get device(): DeviceLink {
    const [first] = this.devices;
    if (first === undefined) throw new Error('a bench without devices');
    return first;
  }

  start(): void {
    this.#running = this.link.run(this.#stop.signal);
  }
  async stop(): Promise<void> {
    this.#stop.abort(new Error('the test is over'));
    await this.clock.advance(2000);
    await this.#running;
  }

  arm(runId = 'run-1', epochMs = 5000) {
    const zero = { hostMs: this.clock.hostMs(), utcMs: this.clock.utcMs() };
    for (const device of this.devices) device.arm({ runId, epochMs, zero, job: 'free_run' });
    return zero;
  }

  items<T extends DataItem['type']>(
    type: T,
    scope: Envelope['scope'] = 'run',
  ): Extract<DataItem, { type: T }>[] {
    return this.envelopes
      .filter((envelope) => envelope.lane === 'data' && envelope.scope === scope)
      .flatMap((envelope) => (envelope.lane === 'data' ? envelope.items : []))
      .filter((item): item is Extract<DataItem, { type: T }> => item.type === type);
  }
  records(scope: Envelope['scope'] = 'run'): RecordItem[] {
    return this.items('record', scope);
  }
  wire(): WireItem[] {
    return this.items('wire');
  }
  events(): RunEvent[] {
    return this.envelopes.flatMap((envelope) => (envelope.lane === 'events' ? envelope.items : []));
  }
  kinds(): string[] {
    return this.events().map(({ kind }) => kind);
  }
}

export const NO_COUNTERS = {
  capacity: 64,
  depth: 0,
  depthMax: 0,
  enqueued: 0,
  delivered: 0,
  dropped: 0,
  blockedTotalMs: 0,
  blockedSinceMs: -1,
};

/** An instrument worker's half of the protocol, with the app's own bridge, acknowledgements and clock. */
import type { DataItem } from '../../../src/record/item.ts';
import { itemBytes } from '../../../src/record/item.ts';
import { producerId } from '../../../src/record/producer.ts';
import type { RigDevice } from '../../../src/rig/rig.ts';
import { AlignedClock, PINGS_AT_CONNECT } from '../../../src/wire/align.ts';
import { connectControl, type Remote } from '../../../src/wire/call.ts';
import { hostClock } from '../../../src/wire/host-clock.ts';
import {
  LOCK,
  type DeviceView,
  type DownstreamFrame,
  type InstrumentControl,
  type InstrumentHost,
  type InstrumentStart,
  type PortPair,
  type UpstreamFrame,
  type WorkerReady,
} from '../../../src/wire/messages.ts';
import { Outbox } from '../../../src/wire/outbox.ts';
import { framePort } from '../../../src/wire/port.ts';
import { LoadTally } from './load-stats.ts';

const CAPACITY = 64;
/** A family the seal knows, for its fields. */
const FAMILY = 'alicat';

/** What a bench instrument does while a run is armed; `emit` waits for the bridge. */
export interface Production {
  readonly clock: AlignedClock;
  readonly device: string;
  readonly family: string;
  running(): boolean;
  /** `units` complete at `completeMs`. */
  emit(items: readonly DataItem[], units: number, completeMs: number): Promise<void>;
}
export interface Producing {
  begin?(resource: string): Promise<void>;
  produce(production: Production): Promise<void>;
  wrongAt?(): number | null;
}

class BenchInstrument implements InstrumentControl {
  private readonly clock = new AlignedClock(hostClock);
  private readonly outbox = new Outbox({ clock: this.clock, capacity: CAPACITY });
  private readonly resource: string;
  private readonly source: Producing;
  private readonly stats = new BroadcastChannel('load-stats');
  private tally = new LoadTally();
  private device: string | null = null;
  private host: Remote<InstrumentHost> | null = null;
  private producer = '';
  private seq = 0;
  private running = false;
  private stopped: Promise<void> = Promise.resolve();

  constructor(resource: string, source: Producing) {
    this.resource = resource;
    this.source = source;
    this.stats.addEventListener('message', ({ data }) => {
      if (data === 'tell' && this.device !== null)
        this.stats.postMessage(this.tally.stats(this.device, this.source.wrongAt?.() ?? null));
    });
  }

  connect(ports: PortPair): void {
    const api: InstrumentControl = {
      configure: (devices) => this.configure(devices),
      arm: (run) => this.arm(run),
      disarm: () => this.disarm(),
      command: () => this.command(),
      makeSafe: () => this.makeSafe(),
      ping: () => this.ping(),
      devices: () => this.devices(),
    };
    const host = connectControl<InstrumentHost>(ports.control, api, { timeoutMs: 5000 });
    const data = framePort<DownstreamFrame, UpstreamFrame>(ports.data);
    data.listen((frame) => {
      if (frame.type === 'ack')
        for (const { producer, lane, upTo } of frame.acks)
          if (producer === this.producer && lane === 'data') this.tally.acked(upTo, this.clock.hostMs());
      this.outbox.onFrame(frame);
    });
    this.outbox.connect((frame) => data.post(frame));
    this.host = host;
    void this.clock.align(() => host.ping(), PINGS_AT_CONNECT);
    this.tell();
  }

  async configure(devices: readonly RigDevice[]): Promise<void> {
    this.device = devices[0]?.name ?? null;
    await this.source.begin?.(this.resource);
    this.tell();
  }

  arm({ epochMs }: Parameters<InstrumentControl['arm']>[0]): Promise<void> {
    const { device } = this;
    if (device === null) throw new Error('armed before it was configured');
    this.producer = producerId(device, epochMs);
    this.seq = 0;
    this.tally = new LoadTally();
    this.running = true;
    this.stopped = this.source.produce({
      clock: this.clock,
      device,
      family: FAMILY,
      running: () => this.running,
      emit: (items, units, completeMs) => this.emit(device, items, units, completeMs),
    });
    return Promise.resolve();
  }

  async disarm(): ReturnType<InstrumentControl['disarm']> {
    this.running = false;
    await this.stopped;
    return { result: 'ok', upTo: [{ producer: this.producer, lane: 'data', upTo: this.seq }] };
  }

  command(): Promise<never> {
    return Promise.reject(new Error('a bench device takes no commands'));
  }

  makeSafe(): Promise<[]> {
    return Promise.resolve([]);
  }

  ping(): Promise<number> {
    return Promise.resolve(this.clock.hostMs());
  }

  devices(): Promise<readonly DeviceView[]> {
    return Promise.resolve(this.device === null ? [] : [this.view(this.device)]);
  }

  private emit(device: string, items: readonly DataItem[], units: number, completeMs: number): Promise<void> {
    const firstSeq = this.seq + 1;
    this.seq += items.length;
    this.tally.made(this.seq, units, completeMs);
    const bytes = items.reduce((sum, item) => sum + itemBytes(item, 'data'), 0);
    return this.outbox.emit({
      scope: 'run',
      lane: 'data',
      producer: this.producer,
      device,
      firstSeq,
      bytes,
      items,
    });
  }

  private tell(): void {
    if (this.device !== null) void this.host?.deviceChanged(this.view(this.device));
  }

  private view(device: string): DeviceView {
    return {
      device,
      family: FAMILY,
      resource: this.resource,
      phase: 'polling',
      health: 'ok',
      detail: '',
      identity: null,
      rateHz: 20,
      lastSampleHostMs: null,
      polls: this.seq,
      failures: {},
      skipped: {},
      bridge: this.outbox.counters(),
      unackedBytes: this.outbox.kept.bytes,
    };
  }
}

/** Runs `source` as this worker's instrument: lock, then hello, then queue, as the app's own worker does. */
export function serveBenchInstrument(source: Producing): void {
  let instrument: BenchInstrument | null = null;
  addEventListener('message', ({ data }: MessageEvent<InstrumentStart>) => {
    if (data.type === 'reconnect') {
      instrument?.connect(data.ports);
      return;
    }
    const started = new BenchInstrument(data.resource, source);
    instrument = started;
    const lock = LOCK.instrument(data.resource, data.epochMs);
    void navigator.locks.request(lock, () => {
      started.connect(data.ports);
      postMessage({ type: 'ready', lock } satisfies WorkerReady);
      return new Promise(() => {});
    });
  });
}

/** Instrument worker of the bench: the app's own bridge, acknowledgements and clock over a synthetic source. */
import type { RigDevice } from '../../../src/rig/rig.ts';
import { producerId } from '../../../src/record/producer.ts';
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
import { LoadSource, type Load } from './load-source.ts';

const CAPACITY = 64;
/** A family the seal knows, for its fields. */
const FAMILY = 'alicat';
/** The page says what to do in the worker's name: a rig holds only what a family knows. */
const LOAD = JSON.parse((globalThis as unknown as { readonly name: string }).name) as Load;
const clock = new AlignedClock(hostClock);
const stats = new BroadcastChannel('load-stats');

class LoadInstrument implements InstrumentControl {
  private readonly resource: string;
  private readonly outbox = new Outbox({ clock, capacity: CAPACITY });
  private source: LoadSource | null = null;
  private host: Remote<InstrumentHost> | null = null;
  private producer = '';
  private running = false;
  private stopped: Promise<void> = Promise.resolve();

  constructor(resource: string) {
    this.resource = resource;
    stats.addEventListener('message', ({ data }) => {
      if (data === 'tell' && this.source !== null) stats.postMessage(this.source.stats());
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
          if (producer === this.producer && lane === 'data') this.source?.acked(upTo, clock.hostMs());
      this.outbox.onFrame(frame);
    });
    this.outbox.connect((frame) => data.post(frame));
    this.host = host;
    void clock.align(() => host.ping(), PINGS_AT_CONNECT);
    this.tell();
  }

  async configure(devices: readonly RigDevice[]): Promise<void> {
    const [device] = devices;
    if (device === undefined) return;
    this.source = new LoadSource(device.name, FAMILY, LOAD);
    this.tell();
    await Promise.resolve();
  }

  async arm(run: Parameters<InstrumentControl['arm']>[0]): Promise<void> {
    if (this.source === null) throw new Error('armed before it was configured');
    this.producer = producerId(this.source.device, run.epochMs);
    this.source.begin();
    this.running = true;
    this.stopped =
      this.source.load.sampleHz > 0 ? this.produceInTime(this.source) : this.produceFlatOut(this.source);
    await Promise.resolve();
  }

  async disarm(): ReturnType<InstrumentControl['disarm']> {
    this.running = false;
    await this.stopped;
    return { result: 'ok', upTo: [{ producer: this.producer, lane: 'data', upTo: this.source?.seq ?? 0 }] };
  }

  command(): Promise<never> {
    return Promise.reject(new Error('a bench device takes no commands'));
  }

  makeSafe(): Promise<[]> {
    return Promise.resolve([]);
  }

  ping(): Promise<number> {
    return Promise.resolve(clock.hostMs());
  }

  devices(): Promise<readonly DeviceView[]> {
    return Promise.resolve(this.source === null ? [] : [this.view(this.source)]);
  }

  private async produceInTime(source: LoadSource): Promise<void> {
    const periodMs = (1000 * source.load.blockSamples) / source.load.sampleHz;
    let dueMs = clock.hostMs() + periodMs;
    while (this.running) {
      await clock.sleep(Math.max(0, dueMs - clock.hostMs()));
      // As many as are due: a late timer must not lower the rate.
      for (; clock.hostMs() >= dueMs && this.running; dueMs += periodMs) await this.emit(source, dueMs);
    }
  }

  private async produceFlatOut(source: LoadSource): Promise<void> {
    const turn = new MessageChannel();
    const breathe = () =>
      new Promise<void>((resolve) => {
        turn.port1.onmessage = () => resolve();
        turn.port2.postMessage(0);
      });
    while (this.running) {
      for (let i = 0; i < 8 && this.running; i++) await this.emit(source, clock.hostMs());
      await breathe(); // frames from the conductor come in between
    }
    turn.port1.close();
  }

  private emit(source: LoadSource, hostMs: number): Promise<void> {
    return this.outbox.emit({
      scope: 'run',
      lane: 'data',
      producer: this.producer,
      device: source.device,
      ...source.next(hostMs),
    });
  }

  private tell(): void {
    if (this.source !== null) void this.host?.deviceChanged(this.view(this.source));
  }

  private view(source: LoadSource): DeviceView {
    const { kept } = this.outbox;
    return {
      device: source.device,
      family: FAMILY,
      resource: this.resource,
      phase: 'polling',
      health: 'ok',
      detail: '',
      identity: null,
      rateHz: 20,
      lastSampleHostMs: null,
      polls: source.emissions,
      failures: {},
      skipped: {},
      bridge: this.outbox.counters(),
      unackedBytes: kept.bytes,
    };
  }
}

let instrument: LoadInstrument | null = null;
addEventListener('message', ({ data }: MessageEvent<InstrumentStart>) => {
  if (data.type === 'reconnect') {
    instrument?.connect(data.ports);
    return;
  }
  const started = new LoadInstrument(data.resource);
  instrument = started;
  const lock = LOCK.instrument(data.resource, data.epochMs);
  void navigator.locks.request(lock, () => {
    started.connect(data.ports);
    postMessage({ type: 'ready', lock } satisfies WorkerReady);
    return new Promise(() => {});
  });
});

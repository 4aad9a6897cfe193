import { Producer } from '../../../src/links/producer.ts';
import type { RecordItem } from '../../../src/record/item.ts';
import type { Ack } from '../../../src/record/producer.ts';
import type { RigDevice } from '../../../src/rig/rig.ts';
import { capacityFor } from '../../../src/wire/bridge.ts';
import type { DownstreamFrame, InstrumentControl, UpstreamFrame } from '../../../src/wire/messages.ts';
import { Outbox } from '../../../src/wire/outbox.ts';
import type { FramePort } from '../../../src/wire/port.ts';
import { type Dice, Thread, type VirtualTime } from './virtual-time.ts';

/** A device that is polled at its rate, through the project's own producer and outbox. */
export class ModelInstrument {
  readonly thread: Thread;
  readonly resource: string;
  readonly outbox: Outbox;
  readonly #device: RigDevice;
  readonly #dice: Dice;
  readonly #producer: Producer;
  readonly faults: string[] = [];
  /** Of the last run it was armed for, as told at disarm; null while armed. */
  upTo: readonly Ack[] | null = null;
  armed: string | null = null;
  connections = 0;

  constructor(time: VirtualTime, dice: Dice, device: RigDevice, resource: string) {
    this.thread = new Thread(resource, time);
    this.resource = resource;
    this.#device = device;
    this.#dice = dice;
    this.outbox = new Outbox({ clock: this.thread.clock, capacity: capacityFor(device.params.rate_hz) });
    this.#producer = new Producer(device.name, time.nowMs, this.outbox);
    void this.#poll();
  }

  connect(port: FramePort<DownstreamFrame, UpstreamFrame>): void {
    this.connections += 1;
    port.listen((frame) => {
      try {
        if (!this.outbox.onFrame(frame)) this.faults.push(`instrument got ${frame.type}`);
      } catch (error) {
        this.faults.push(`${this.resource}: ${String(error)}`);
      }
    });
    this.outbox.connect((frame) => port.post(frame));
  }

  control(): InstrumentControl {
    return {
      configure: () => Promise.resolve(),
      arm: async (run) => {
        await this.thread.clock.sleep(this.#dice.between(0, 60));
        if (this.armed === run.runId) return;
        this.armed = run.runId;
        this.upTo = null;
        this.#producer.arm(run.epochMs, run.zero);
      },
      disarm: async () => {
        await this.thread.clock.sleep(this.#dice.between(0, 60));
        const upTo = this.#producer.disarm();
        await this.#producer.flushed();
        if (this.armed !== null) this.upTo = upTo;
        this.armed = null;
        return { result: 'ok', upTo };
      },
      command: (command) =>
        Promise.resolve({ commandId: command.id, accepted: true, detail: 'ok', asked: {}, sent: {} }),
      makeSafe: () => Promise.resolve([]),
      ping: () => Promise.resolve(this.thread.clock.hostMs()),
      devices: () => Promise.resolve([]),
    };
  }

  async #poll(): Promise<void> {
    const { name, adapter, params } = this.#device;
    for (let exchange = 1; ; exchange += 1) {
      await this.thread.clock.sleep((1000 / params.rate_hz) * this.#dice.between(0.9, 1.1));
      const tHostMs = this.thread.clock.hostMs();
      const record: RecordItem = {
        type: 'record',
        tHostMs,
        requestedHostMs: tHostMs,
        receivedHostMs: tHostMs,
        device: name,
        family: adapter,
        exchange,
        columns: { value: exchange },
      };
      const wire = {
        type: 'wire' as const,
        tHostMs,
        port: this.resource,
        device: name,
        direction: 'rx' as const,
        exchange,
        job: 'free_run',
        bytes: new Uint8Array(8),
      };
      await this.#producer.data(this.#dice.next() < 0.5 ? [record] : [wire, record]);
      if (this.#dice.next() < 0.02) {
        const tUtcMs = this.thread.clock.utcMs();
        const event = { tHostMs, tUtcMs, kind: 'device.hiccup', severity: 'info' as const };
        await this.#producer.event({ ...event, source: `${adapter}:${name}`, message: 'hiccup' });
      }
      this.outbox.counters();
    }
  }
}

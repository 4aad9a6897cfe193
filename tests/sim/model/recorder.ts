import type { Envelope } from '../../../src/record/item.ts';
import type { RunEvent } from '../../../src/record/event.ts';
import type { Ack } from '../../../src/record/producer.ts';
import type { RunOutcome } from '../../../src/record/run-state.ts';
import { BridgeReceiver } from '../../../src/wire/bridge.ts';
import type {
  OpenRunState,
  RecorderControl,
  RecorderFrame,
  RunPlan,
  StoredRun,
  UpstreamFrame,
} from '../../../src/wire/messages.ts';
import type { FramePort } from '../../../src/wire/port.ts';
import { type Dice, Thread, type VirtualTime } from './virtual-time.ts';

export interface DiskRun {
  readonly runId: string;
  readonly plan: RunPlan;
  /** `producer lane` → last number written. Numbers are checked as they are written. */
  readonly lanes: Map<string, number>;
  readonly events: RunEvent[];
  /** Device → producer epochs that wrote readings, in order. */
  readonly readings: Map<string, string[]>;
  state: 'open' | 'closed' | 'sealed';
  outcome: RunOutcome | null;
}

/** What survives every death. */
export class Disk {
  readonly runs: DiskRun[] = [];
  readonly kiosk = new Map<string, number>();
  readonly faults: string[] = [];

  get open(): DiskRun | null {
    return this.runs.find(({ state }) => state === 'open') ?? null;
  }

  write(envelope: Envelope): void {
    const run = envelope.scope === 'run' ? this.open : null;
    if (envelope.scope === 'run' && run === null) {
      // What was on its way when a run was given up belongs to nobody.
      if (this.runs.some(({ outcome }) => outcome?.runStatus === 'crashed')) return;
      this.faults.push(`run envelope of ${envelope.producer} without an open run`);
      return;
    }
    const lanes = run?.lanes ?? this.kiosk;
    const key = `${envelope.producer} ${envelope.lane}`;
    const last = lanes.get(key) ?? 0;
    envelope.items.forEach((item, index) => {
      const seq = envelope.firstSeq + index;
      if (seq <= last) return;
      const expected = (lanes.get(key) ?? 0) + 1;
      if (seq !== expected) this.faults.push(`${key}: hole, expected ${expected}, actual ${seq}`);
      lanes.set(key, seq);
      if (run === null) return;
      if (envelope.lane === 'events') run.events.push(item as RunEvent);
      else if ('type' in item && item.type === 'record') this.#reading(run, envelope);
    });
  }

  #reading(run: DiskRun, { device, producer }: Envelope): void {
    const epochs = run.readings.get(device) ?? [];
    if (epochs.at(-1) !== producer) epochs.push(producer);
    run.readings.set(device, epochs);
  }
}

/** A recorder as the brief has it: takes, writes in groups after a while, acknowledges what is written. */
export class ModelRecorder {
  readonly thread: Thread;
  readonly #dice: Dice;
  readonly #disk: Disk;
  #port: FramePort<UpstreamFrame, RecorderFrame> | null = null;
  /** Taken, not written: lost when this thread dies. */
  #buffer: Envelope[] = [];
  #flushPlanned = false;
  #receiver: BridgeReceiver<Envelope> | null = null;
  #last: Promise<unknown> = Promise.resolve();
  /** Until then it takes one emission every 20–60 ms. */
  slowUntilMs = 0;
  /** It was introduced, or tried to be. */
  ready = false;

  constructor(time: VirtualTime, dice: Dice, disk: Disk) {
    this.thread = new Thread('recorder', time);
    this.#dice = dice;
    this.#disk = disk;
  }

  connect(port: FramePort<UpstreamFrame, RecorderFrame>): void {
    this.#port = port;
    // What the old conductor had sent and was not taken is sent again by whoever keeps it.
    this.#receiver?.close();
    const receiver = new BridgeReceiver<Envelope>({
      post: (frame) => port.post(frame),
      capacity: 512,
      bytesOf: ({ bytes }) => bytes,
      take: (envelope) => this.#take(envelope),
      failed: (error) => this.#disk.faults.push(String(error)),
    });
    this.#receiver = receiver;
    port.listen((frame) => {
      if (!receiver.onFrame(frame)) this.#disk.faults.push(`recorder got ${frame.type}`);
    });
  }

  control(): RecorderControl {
    const disk = this.#disk;
    const wait = (ms: number) => this.thread.clock.sleep(this.#dice.between(ms / 4, ms));
    return {
      openRun: (plan) =>
        this.#inTurn(async () => {
          await wait(80);
          if (disk.open !== null) return { ok: false, code: 'run_open', detail: disk.open.runId, armInS: 0 };
          const runId = `run-${disk.runs.length + 1}`;
          const empty = {
            lanes: new Map<string, number>(),
            events: [],
            readings: new Map<string, string[]>(),
          };
          disk.runs.push({ runId, plan, ...empty, state: 'open', outcome: null });
          return { ok: true, runId };
        }),
      openRunState: () =>
        this.#inTurn(async () => {
          await wait(40);
          return this.#openState();
        }),
      closeRun: (outcome) =>
        this.#inTurn(async () => {
          this.#flush();
          await wait(120);
          const run = disk.open;
          if (run === null) throw new Error('closeRun without an open run');
          run.state = 'closed';
          run.outcome = outcome;
          return { runId: run.runId };
        }),
      recover: () =>
        this.#inTurn(async () => {
          await wait(150);
          const run = disk.open;
          if (run !== null) this.#crash(run);
          return disk.runs.map(stored);
        }),
      abandonRun: () =>
        this.#inTurn(async () => {
          await wait(50);
          const run = disk.open;
          if (run === null) return null;
          this.#crash(run);
          return stored(run);
        }),
      runs: () => Promise.resolve(disk.runs.map(stored)),
      health: () => Promise.reject(new Error('not asked for')),
      ping: () => Promise.resolve(this.thread.clock.hostMs()),
      kioskLog: () => Promise.resolve(''),
    };
  }

  /** One order after the other: a new conductor must not see a run that the old one is just closing. */
  #inTurn<T>(work: () => Promise<T>): Promise<T> {
    const turn = this.#last.then(work, work);
    this.#last = turn.catch(() => undefined);
    return turn;
  }

  #openState(): OpenRunState | null {
    const run = this.#disk.open;
    if (run === null) return null;
    const have: Ack[] = [...run.lanes].map(([key, upTo]) => {
      const [producer = '', lane] = key.split(' ');
      return { producer, lane: lane as Ack['lane'], upTo };
    });
    return { runId: run.runId, plan: run.plan, have };
  }

  #crash(run: DiskRun): void {
    this.#buffer = this.#buffer.filter(({ scope }) => scope !== 'run');
    run.state = 'closed';
    run.outcome = { runStatus: 'crashed', exitReason: 'recovered after hard exit' };
  }

  #take(envelope: Envelope): void | Promise<void> {
    this.#buffer.push(envelope);
    if (!this.#flushPlanned) {
      this.#flushPlanned = true;
      const stall = this.#dice.next() < 0.03 ? 800 : 0;
      const after = this.#dice.between(5, 260) + stall;
      this.thread.time.after(after, () => {
        if (this.thread.alive) this.#flush();
      });
    }
    if (this.thread.clock.hostMs() < this.slowUntilMs)
      return this.thread.clock.sleep(this.#dice.between(20, 60));
  }

  #flush(): void {
    this.#flushPlanned = false;
    const acks = new Map<string, Ack>();
    for (const envelope of this.#buffer.splice(0)) {
      // Nothing of a run may come after it was closed; a run that never was here is not ours to write.
      this.#disk.write(envelope);
      const { producer, lane } = envelope;
      const lanes = envelope.scope === 'run' ? this.#disk.open?.lanes : this.#disk.kiosk;
      const upTo = lanes?.get(`${producer} ${lane}`);
      if (upTo !== undefined) acks.set(`${producer} ${lane}`, { producer, lane, upTo });
    }
    if (acks.size > 0) this.#port?.post({ type: 'ack', acks: [...acks.values()] });
  }
}

function stored({ runId, plan, state }: DiskRun): StoredRun {
  return { runId, state, zero: plan.zero, startedUtc: null, sampleId: plan.sampleId };
}

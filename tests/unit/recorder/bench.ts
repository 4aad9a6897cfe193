import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import type { Clock } from '../../../src/record/clock.ts';
import type { DataItem, Envelope, Scope } from '../../../src/record/item.ts';
import { itemBytes } from '../../../src/record/item.ts';
import type { RunEvent } from '../../../src/record/event.ts';
import type { Ack, Lane } from '../../../src/record/producer.ts';
import { KioskStore } from '../../../src/recorder/kiosk-store.ts';
import { Recorder } from '../../../src/recorder/recorder.ts';
import { SlotStore } from '../../../src/storage/slot-store.ts';
import { MemorySqlEngine } from '../../../src/storage/sqlite-memory.ts';
import type { RecorderFrame, RunPlan, UpstreamFrame } from '../../../src/wire/messages.ts';
import { loadZstd } from '../journal/zstd.ts';
import { ManualClock, MemoryDirectory } from '../storage/memory-directory.ts';

const wasm = readFileSync(
  createRequire(import.meta.url)
    .resolve('@journeyapps/wa-sqlite')
    .replace(/src\/.*$/, 'dist/wa-sqlite.wasm'),
);
export const sha256 = (bytes: Uint8Array): Uint8Array => createHash('sha256').update(bytes).digest();

const hostClock: Clock = {
  hostMs: () => performance.timeOrigin + performance.now(),
  utcMs: () => Date.now(),
  sleep: (ms) => new Promise((resolve) => setTimeout(resolve, ms)),
};

export function plan(changes: Partial<RunPlan> = {}): RunPlan {
  const utcMs = Date.now();
  return {
    sampleId: 'PMMA 3 mm',
    operator: { id: 'ada', displayName: 'Ada' },
    runUuid: '01890a5d-ac96-774b-bcce-b302099a8057',
    zero: { hostMs: hostClock.hostMs(), utcMs },
    members: { 'config.toml': 'name = "x"', 'env/build.json': '{}' },
    waiver: 'none',
    partBytesMax: 500e6,
    partMinutesMax: 60,
    session: { rig: 'test' },
    ...changes,
  };
}

/** One recorder over files that outlive it; frames it sent are kept. */
export class RecorderBench {
  readonly directory = new MemoryDirectory();
  readonly ages = new ManualClock();
  readonly frames: RecorderFrame[] = [];
  engine!: MemorySqlEngine;
  slots!: SlotStore;
  recorder!: Recorder;
  #send: (frame: UpstreamFrame) => void = () => undefined;
  #seq = new Map<string, number>();

  static async open(): Promise<RecorderBench> {
    const bench = new RecorderBench();
    bench.ages.utc = Date.now();
    bench.engine = await MemorySqlEngine.open(wasm);
    await bench.start();
    await bench.slots.topUp();
    bench.ages.pass(61_000);
    return bench;
  }

  async start(): Promise<void> {
    this.slots = await SlotStore.open(this.directory, this.ages);
    const { slots, engine } = this;
    const zstd = await loadZstd();
    const tools = { slots, engine, ...zstd, sha256, schemas: new Map(), units: new Map(), clock: hostClock };
    this.recorder = await Recorder.open({
      tools: { ...tools, buildHash: 'test', appVersion: '0' },
      poolWaitMs: () => 0,
      openKiosk: ({ recorded, failed }) =>
        KioskStore.open({
          engine,
          sha256,
          zero: { hostMs: hostClock.hostMs(), utcMs: hostClock.utcMs() },
          appVersion: '0',
          recorded: (events, acks) => recorded('kiosk', events, acks),
          failed: (error) => failed('kiosk', error),
        }),
    });
    this.recorder.connect({
      post: (frame) => this.frames.push(frame),
      listen: (onFrame) => {
        this.#send = onFrame;
      },
      close: () => undefined,
    });
  }

  /** The worker dies: handles are free, timers of the old one are stopped, nothing else is put in order. */
  async kill(options: { readonly power: boolean }): Promise<void> {
    const old = this.recorder;
    const { directory } = this;
    this.#send = () => undefined;
    directory.cut(options.power);
    // Whatever the dead one still tries reaches nothing.
    const files = new Map(
      [...directory.files].map(([name, file]) => [name, { ...file, bytes: file.bytes.slice() }]),
    );
    void old.stopTimers();
    directory.files.clear();
    for (const [name, file] of files) directory.files.set(name, file);
  }

  send(envelope: Envelope): void {
    this.#send({ type: 'emit', items: [envelope] });
  }

  /** Sends items of a producer with the next numbers of its lane. */
  data(producer: string, items: readonly DataItem[], scope: Scope = 'run', firstSeq?: number): Envelope {
    return this.#envelope({ lane: 'data', items }, producer, scope, firstSeq);
  }

  events(producer: string, items: readonly RunEvent[], scope: Scope = 'run', firstSeq?: number): Envelope {
    return this.#envelope({ lane: 'events', items }, producer, scope, firstSeq);
  }

  #envelope(
    body: { lane: 'data'; items: readonly DataItem[] } | { lane: 'events'; items: readonly RunEvent[] },
    producer: string,
    scope: Scope,
    firstSeq = (this.#seq.get(`${producer} ${body.lane}`) ?? 0) + 1,
  ): Envelope {
    this.#seq.set(`${producer} ${body.lane}`, firstSeq + body.items.length - 1);
    const bytes = body.items.reduce((sum, item) => sum + itemBytes(item, body.lane), 0);
    const envelope: Envelope = { scope, producer, device: 'd', firstSeq, bytes, ...body };
    this.send(envelope);
    return envelope;
  }

  ackOf(producer: string, lane: Lane): number {
    const acks = this.frames.flatMap((frame): readonly Ack[] => (frame.type === 'ack' ? frame.acks : []));
    return Math.max(
      0,
      ...acks.filter((ack) => ack.producer === producer && ack.lane === lane).map(({ upTo }) => upTo),
    );
  }

  async until(holds: () => boolean, ms = 5000): Promise<void> {
    const endMs = Date.now() + ms;
    while (!holds()) {
      if (Date.now() > endMs) throw new Error(`not within ${ms} ms: ${holds.toString()}`);
      await new Promise((resolve) => setTimeout(resolve, 5));
    }
  }
}

export function wire(tHostMs: number, text: string): DataItem {
  return {
    type: 'wire',
    tHostMs,
    port: 'p',
    device: 'd',
    direction: 'rx',
    exchange: 1,
    job: 'free_run',
    bytes: new TextEncoder().encode(text),
  };
}

export function event(
  kind: string,
  severity: RunEvent['severity'] = 'info',
  tHostMs = hostClock.hostMs(),
): RunEvent {
  return { tHostMs, tUtcMs: Date.now(), kind, severity, source: 'test', message: kind };
}

import type { HostMs } from '../record/clock.ts';
import type { Envelope } from '../record/item.ts';
import { producerId } from '../record/producer.ts';
import type { Ack } from '../record/producer.ts';
import { KIND } from '../record/taxonomy.ts';
import type { RecordedEvent } from '../record/event.ts';
import { Reserve } from '../storage/reserve.ts';
import { SLOT_SPARES } from '../storage/slot.ts';
import type {
  OpenRunResult,
  OpenRunState,
  RecorderControl,
  RecorderFrame,
  RecorderHealth,
  RunPlan,
  StoredRun,
  UpstreamFrame,
} from '../wire/messages.ts';
import { BridgeReceiver } from '../wire/bridge.ts';
import type { FramePort } from '../wire/port.ts';
import { UnknownFrame } from '../wire/port.ts';
import { dropKeptEventsFiles } from './events-file.ts';
import { byRun, loadFoundRun, storedRun, unfinishedRuns } from './found-run.ts';
import type { KioskStore } from './kiosk-store.ts';
import { recoverRun } from './recover-run.ts';
import { runId } from './run-id.ts';
import { RunSession } from './run-session.ts';
import type { RecorderTools, StoreName } from './tools.ts';

const HEALTH_MS = 500;
const TOP_UP_MS = 2000;
/** What is in flight behind a hole is refused as well: it is asked for once, not once per envelope. */
const ASK_AGAIN_MS = 1000;
/** Credits of the conductor's bridge come back in groups of a quarter of this. */
const BRIDGE_CAPACITY = 256;

export type DataPort = FramePort<UpstreamFrame, RecorderFrame>;

export interface RecorderOptions {
  readonly tools: Omit<RecorderTools, 'recorded' | 'failed' | 'holed'>;
  openKiosk(tools: RecorderTools): Promise<KioskStore>;
  /** Milliseconds until the database pool is old enough. */
  poolWaitMs(): number;
}

/** The recorder worker's whole work, behind its two ports. */
export class Recorder implements RecorderControl {
  readonly #options: RecorderOptions;
  readonly #tools: RecorderTools;
  readonly #failures = new Map<StoreName, unknown>();
  readonly #reserve: Reserve;
  readonly #timers: ReturnType<typeof setInterval>[] = [];
  #port: DataPort | null = null;
  #receiver: BridgeReceiver<Envelope> | null = null;
  #session: RunSession | null = null;
  /** Runs that could be neither continued nor recovered, and why. */
  readonly #leftAside = new Map<string, string>();
  readonly #producer: string;
  #kiosk: Promise<KioskStore> | null = null;
  #kioskNow: KioskStore | null = null;
  #orders: Promise<unknown> = Promise.resolve();
  #lastCommitMs: HostMs | null = null;
  #eventsRecorded = 0;
  #dataBefore = 0;
  #stray = 0;
  #askedMs: HostMs = -Infinity;

  private constructor(options: RecorderOptions) {
    this.#options = options;
    this.#reserve = new Reserve(options.tools.slots);
    this.#producer = producerId('recorder', options.tools.clock.hostMs());
    this.#tools = {
      ...options.tools,
      recorded: (scope, events, acks) => this.#recorded(scope, events, acks),
      failed: (store, error) => this.#failed(store, error),
      holed: () => this.#askAgain(),
    };
  }

  /** Slots are scanned already; reads what an earlier worker left, then the kiosk's database, then spares. */
  static async open(options: RecorderOptions): Promise<Recorder> {
    const recorder = new Recorder(options);
    dropKeptEventsFiles(options.tools);
    await recorder.#openKiosk();
    recorder.#timers.push(
      setInterval(() => recorder.#postHealth(), HEALTH_MS),
      setInterval(() => void recorder.#topUp(), TOP_UP_MS),
    );
    void recorder.#topUp();
    return recorder;
  }

  /** The conductor's data port, the first or a new one after it died. */
  connect(port: DataPort): void {
    this.#receiver?.close();
    this.#port?.close();
    const receiver = new BridgeReceiver<Envelope>({
      post: (frame) => port.post(frame),
      capacity: BRIDGE_CAPACITY,
      bytesOf: (envelope) => envelope.bytes,
      take: (envelope) => this.#take(envelope),
      failed: (error) => this.#failed('journal', error),
    });
    this.#port = port;
    this.#receiver = receiver;
    port.listen((frame) => {
      if (!receiver.onFrame(frame)) throw new UnknownFrame('recorder', frame);
    });
    this.#postHealth();
  }

  openRun(plan: RunPlan): Promise<OpenRunResult> {
    return this.#inOrder(() => this.#openRun(plan));
  }

  openRunState(): Promise<OpenRunState | null> {
    return this.#inOrder(async () => {
      if (this.#session === null) await this.#goOn();
      const session = this.#session;
      // One that is ended but for its copy cannot go on; whoever asks recovers it.
      if (session === null || session.isEnded) return null;
      return { runId: session.runId, plan: session.plan, have: session.have };
    });
  }

  /** The outcome is in `run.ended`; here only what must be on disk is put there. */
  closeRun(): Promise<{ readonly runId: string }> {
    return this.#inOrder(async () => {
      const session = this.#session;
      if (session === null) throw new Error('no run is open');
      await session.close();
      this.#forgetSession();
      return { runId: session.runId };
    });
  }

  recover(): Promise<readonly StoredRun[]> {
    return this.#inOrder(async () => {
      await this.#giveUp();
      await this.#tools.slots.scan();
      for (const id of this.#unfinished()) await this.#recoverOne(id);
      return (await this.#stored()).filter(({ state }) => state === 'closed');
    });
  }

  abandonRun(): Promise<StoredRun | null> {
    return this.#inOrder(async () => {
      const id = this.#session?.runId ?? this.#unfinished()[0];
      if (id === undefined) return null;
      await this.#giveUp();
      await this.#tools.slots.scan();
      await this.#recoverOne(id);
      return (await this.#stored()).find((run) => run.runId === id) ?? null;
    });
  }

  runs(): Promise<readonly StoredRun[]> {
    return this.#stored();
  }

  health(): Promise<RecorderHealth> {
    return Promise.resolve(this.#health());
  }

  ping(): Promise<HostMs> {
    return Promise.resolve(this.#tools.clock.hostMs());
  }

  async kioskLog(day: string): Promise<string> {
    return (await this.#openKiosk()).day(day);
  }

  /** Stops timers and lets go of files; an open run stays as it is. For tests and a worker that ends in order. */
  async stop(): Promise<void> {
    this.stopTimers();
    await this.#orders.catch(() => undefined);
    await this.#session?.abandon();
    this.#session = null;
    await this.#kioskNow?.close();
    await this.#tools.engine.close();
  }

  /** Nothing is taken or done on its own any more. */
  stopTimers(): void {
    for (const timer of this.#timers) clearInterval(timer);
    this.#receiver?.close();
  }

  async #openRun(plan: RunPlan): Promise<OpenRunResult> {
    if (this.#session !== null || this.#unfinished().length > 0)
      return { ok: false, code: 'run_open', detail: 'another run is still open on disk', armInS: 0 };
    const armInS = plan.waiver === 'none' ? this.#armInS() : 0;
    if (armInS > 0)
      return { ok: false, code: 'slots_young', detail: `files are too young for ${armInS} s yet`, armInS };
    try {
      if (this.#tools.slots.stock().aged + this.#tools.slots.stock().young < 2)
        await this.#tools.slots.topUp();
      const taken = new Set((await this.#stored()).map((run) => run.runId));
      const id = runId(plan.zero.utcMs, plan.sampleId, taken);
      const prerun = await (await this.#openKiosk()).prerun(plan.zero.utcMs);
      const members = { ...plan.members, 'prerun.log': prerun };
      const session = await RunSession.create(this.#tools, { runId: id, plan }, members);
      if (session === null)
        return { ok: false, code: 'no_slots', detail: 'no file to write into', armInS: this.#armInS() };
      this.#session = session;
      return { ok: true, runId: id };
    } catch (error) {
      this.#failed('journal', error);
      this.#failures.delete('journal');
      return { ok: false, code: 'storage', detail: wordsOf(error), armInS: 0 };
    }
  }

  /** The newest unfinished run, if there is one, is open again; its next item opens a new part. */
  async #goOn(): Promise<void> {
    await this.#tools.slots.scan();
    const [newest] = this.#unfinished();
    if (newest === undefined) return;
    try {
      const found = await loadFoundRun(this.#tools, newest);
      if (found !== null) this.#session = await RunSession.resume(this.#tools, found, found);
    } catch (error) {
      this.#leaveAside(newest, error);
    }
  }

  async #recoverOne(id: string): Promise<void> {
    try {
      const found = await loadFoundRun(this.#tools, id);
      if (found !== null) await recoverRun(this.#tools, found);
    } catch (error) {
      this.#leaveAside(id, error);
    }
  }

  /** A run that cannot be read stays as it is, torn; it must not keep the bench from working. */
  #leaveAside(id: string, error: unknown): void {
    const detail = wordsOf(error);
    this.#leftAside.set(id, detail);
    const { clock } = this.#tools;
    void this.#kioskNow?.addEvents({
      scope: 'kiosk',
      lane: 'events',
      producer: this.#producer,
      device: 'recorder',
      firstSeq: this.#leftAside.size,
      bytes: 256,
      items: [
        {
          tHostMs: clock.hostMs(),
          tUtcMs: clock.utcMs(),
          kind: KIND.recoveryFailed,
          severity: 'error',
          source: 'recorder',
          message: `run ${id} cannot be read and stays as it is: ${detail}`,
          metadata: { run_id: id, detail },
        },
      ],
    });
  }

  #unfinished(): string[] {
    return unfinishedRuns(this.#tools.slots.list()).filter((id) => !this.#leftAside.has(id));
  }

  async #giveUp(): Promise<void> {
    await this.#session?.abandon();
    this.#forgetSession();
  }

  #forgetSession(): void {
    this.#dataBefore += this.#session?.journal.recorded ?? 0;
    this.#session = null;
    this.#failures.delete('events');
    this.#failures.delete('journal');
  }

  #take(envelope: Envelope): void | Promise<void> {
    if (envelope.scope === 'kiosk') {
      if (this.#kioskNow === null) return this.#openKiosk().then(() => this.#take(envelope));
      return envelope.lane === 'events'
        ? this.#kioskNow.addEvents(envelope)
        : this.#kioskNow.addData(envelope);
    }
    const session = this.#session;
    if (envelope.scope === 'live' || session === null || session.isEnded) {
      // Not acknowledged: whoever keeps it is told by the conductor that no run is open.
      this.#stray++;
      return;
    }
    return envelope.lane === 'events' ? session.addEvents(envelope) : session.addData(envelope);
  }

  #recorded(scope: 'run' | 'kiosk', events: readonly RecordedEvent[], acks: readonly Ack[]): void {
    if (events.length > 0) {
      this.#lastCommitMs = this.#tools.clock.hostMs();
      this.#eventsRecorded += events.length;
      this.#port?.post({ type: 'recorded', scope, events });
    }
    if (acks.length > 0) this.#port?.post({ type: 'ack', acks });
  }

  /** What the conductor keeps and the run does not have is to be sent again. */
  #askAgain(): void {
    const nowMs = this.#tools.clock.hostMs();
    const session = this.#session;
    if (session === null || session.isEnded || nowMs - this.#askedMs < ASK_AGAIN_MS) return;
    this.#askedMs = nowMs;
    this.#port?.post({ type: 'have', have: session.have, runId: session.runId });
  }

  #failed(store: StoreName, error: unknown): void {
    if (error === null) this.#failures.delete(store);
    else if (!this.#failures.has(store)) {
      // Room to end in order; the stores try again by themselves.
      void this.#reserve.release().catch(() => undefined);
      if (store === 'journal') this.#session?.sayStorageFailed(wordsOf(error));
    }
    if (error !== null) this.#failures.set(store, error);
    this.#postHealth();
  }

  async #openKiosk(): Promise<KioskStore> {
    this.#kiosk ??= this.#options.openKiosk(this.#tools);
    this.#kioskNow = await this.#kiosk;
    return this.#kioskNow;
  }

  async #topUp(): Promise<void> {
    try {
      await this.#tools.slots.topUp(SLOT_SPARES);
      if (this.#session === null && this.#failures.size === 0) await this.#reserve.ensure();
      if (this.#failures.has('slots')) this.#failed('slots', null);
    } catch (error) {
      this.#failed('slots', error);
    }
  }

  async #stored(): Promise<readonly StoredRun[]> {
    const headers = await this.#tools.slots.scan();
    const openRunId = this.#session?.runId ?? null;
    return [...byRun(headers)]
      .map(([id, members]) => storedRun(id, members, openRunId))
      .sort((a, b) => (a.runId < b.runId ? 1 : -1));
  }

  /** Orders are carried out one after the other. */
  #inOrder<T>(order: () => Promise<T>): Promise<T> {
    const result = this.#orders.then(order);
    this.#orders = result.catch(() => undefined);
    return result;
  }

  /** Journal part and the copy of the events each need an aged slot at once or soon. */
  #armInS(): number {
    const waitMs = Math.max(this.#tools.slots.stock().armInMs(2), this.#options.poolWaitMs());
    return waitMs === Infinity ? 60 : Math.ceil(waitMs / 1000);
  }

  #postHealth(): void {
    this.#port?.post({ type: 'recorder-health', health: this.#health() });
  }

  #health(): RecorderHealth {
    const stock = this.#tools.slots.stock();
    const session = this.#session;
    const [failure] = [...this.#failures.values()];
    return {
      slotsAged: stock.aged,
      slotsYoung: stock.young,
      armInS: this.#armInS(),
      slotBytes: stock.bytes,
      lastCommitHostMs: this.#lastCommitMs,
      lastFlushHostMs: session?.journal.lastFlushMs ?? null,
      eventsRecorded: this.#eventsRecorded,
      dataRecorded: this.#dataBefore + (session?.journal.recorded ?? 0),
      journalBytes: session?.journal.bytes ?? 0,
      part: session?.journal.partPath ?? null,
      queueDepth: this.#receiver?.depth ?? 0,
      error: failure === undefined ? null : { code: 'storage.write_failed', detail: wordsOf(failure) },
    };
  }
}

function wordsOf(error: unknown): string {
  return error instanceof Error ? `${error.name}: ${error.message}` : String(error);
}

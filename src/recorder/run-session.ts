import type { HostMs } from '../record/clock.ts';
import type { Json, RunEvent, Severity } from '../record/event.ts';
import type { DataEnvelope, EventEnvelope } from '../record/item.ts';
import { producerId } from '../record/producer.ts';
import type { Ack } from '../record/producer.ts';
import { KIND } from '../record/taxonomy.ts';
import { firstLink } from '../formats/events/chain.ts';
import type { SqlDatabase } from '../storage/sql-database.ts';
import type { RunPlan } from '../wire/messages.ts';
import { EventStore } from './event-store.ts';
import { endEventsFile, keepEventsFile, openEventsFile } from './events-file.ts';
import { JournalWriter } from './journal-writer.ts';
import { RunParts } from './run-parts.ts';
import type { RecorderTools } from './tools.ts';

export interface OwnStatement {
  readonly kind: string;
  readonly severity: Severity;
  readonly message: string;
  readonly metadata?: { readonly [key: string]: Json };
  /** When; default now. */
  readonly tHostMs?: HostMs;
  readonly tUtcMs?: number;
}

interface Stores {
  readonly db: SqlDatabase;
  readonly events: EventStore;
}

/** One open run: its journal, its events, and what the recorder itself has to say in it. */
export class RunSession {
  readonly runId: string;
  readonly plan: RunPlan;
  readonly #tools: RecorderTools;
  readonly #producer: string;
  #ownSeq = 0;
  /** Own statements wait for the first event of the run: nothing may stand before `run.started`. */
  #held: OwnStatement[] | null = [];
  #journal: JournalWriter | null = null;
  #stores: Stores | null = null;
  #saidLow = false;

  private constructor(tools: RecorderTools, run: { readonly runId: string; readonly plan: RunPlan }) {
    this.#tools = tools;
    this.runId = run.runId;
    this.plan = run.plan;
    this.#producer = producerId('recorder', tools.clock.hostMs());
  }

  /** A new run: journal part 1 with its head first, then the database. Null when no slot is old enough. */
  static async create(
    tools: RecorderTools,
    run: { readonly runId: string; readonly plan: RunPlan },
    members: { readonly [path: string]: string },
  ): Promise<RunSession | null> {
    const session = new RunSession(tools, run);
    const parts = session.#parts(1);
    const first = await parts.open([], members);
    if (first === null) return null;
    session.#journal = session.#journalOver(parts, [], first);
    try {
      session.#stores = await session.#openStores();
    } catch (error) {
      // Its slot must be free for whoever recovers what is in it.
      session.#journal.abandon();
      throw error;
    }
    return session;
  }

  /** A run another worker left open: goes on in a new part, opened at the first item. */
  static async resume(
    tools: RecorderTools,
    run: { readonly runId: string; readonly plan: RunPlan },
    found: { readonly have: readonly Ack[]; readonly nextIndex: number },
  ): Promise<RunSession> {
    const session = new RunSession(tools, run);
    session.#held = null;
    session.#journal = session.#journalOver(session.#parts(found.nextIndex), found.have, null);
    session.#stores = await session.#openStores();
    return session;
  }

  get journal(): JournalWriter {
    if (this.#journal === null) throw new Error(`run ${this.runId}: no journal`);
    return this.#journal;
  }
  get events(): EventStore {
    if (this.#stores === null) throw new Error(`run ${this.runId}: no event store`);
    return this.#stores.events;
  }
  /** Its events are closed: nothing more can be recorded in it. */
  get isEnded(): boolean {
    return this.#stores === null;
  }
  get have(): readonly Ack[] {
    return [...this.events.have, ...this.journal.have];
  }

  /** `run.ended` is recorded: only the closing was cut short. */
  async hasEnded(): Promise<boolean> {
    const rows = await this.#stores?.db.all('SELECT 1 FROM events WHERE kind = ? LIMIT 1', [KIND.runEnded]);
    return (rows?.length ?? 0) > 0;
  }

  addEvents(envelope: EventEnvelope): void | Promise<void> {
    const pending = this.events.add(envelope);
    if (envelope.items.some(({ severity }) => severity === 'error')) this.journal.closeChunk();
    if (this.#held !== null) {
      const held = this.#held;
      this.#held = null;
      for (const statement of held) this.say(statement);
    }
    return pending;
  }

  addData(envelope: DataEnvelope): void | Promise<void> {
    return this.journal.add(envelope);
  }

  /** An event of the recorder's own. */
  say(statement: OwnStatement): void {
    if (this.#held !== null) {
      this.#held.push(statement);
      return;
    }
    // What goes wrong after the last event is told by the health alone.
    if (this.isEnded) return;
    const { clock } = this.#tools;
    const event: RunEvent = {
      // Nothing of the run is before its zero, however far this thread's clock is off.
      tHostMs: Math.max(this.plan.zero.hostMs, statement.tHostMs ?? clock.hostMs()),
      tUtcMs: statement.tUtcMs ?? clock.utcMs(),
      kind: statement.kind,
      severity: statement.severity,
      source: 'recorder',
      message: statement.message,
      ...(statement.metadata !== undefined && { metadata: statement.metadata }),
    };
    void this.events.add({
      scope: 'run',
      lane: 'events',
      producer: this.#producer,
      device: 'recorder',
      firstSeq: ++this.#ownSeq,
      bytes: 256,
      items: [event],
    });
  }

  sayStorageFailed(detail: string): void {
    this.say({
      kind: KIND.storageFailed,
      severity: 'error',
      message: `the disk refused a journal write; it is tried again and producers wait: ${detail}`,
      metadata: { part: this.journal.partPath, detail },
    });
  }

  /** Everything recorded, both stores ended and in slots. May be called again when it rejects. */
  async close(): Promise<void> {
    await this.journal.close();
    if (this.#stores !== null) {
      await this.#stores.events.close();
      await endEventsFile(this.#stores.db, this.plan.runUuid);
      this.#stores = null;
    }
    await keepEventsFile(this.#tools, this);
  }

  /** Gives the run up: what is committed stays, the part stays torn. The caller recovers it. */
  async abandon(): Promise<void> {
    this.journal.abandon();
    const stores = this.#stores;
    this.#stores = null;
    await stores?.events.close().catch(() => undefined);
    await stores?.db.close();
  }

  async #openStores(): Promise<Stores> {
    const tools = this.#tools;
    const db = await openEventsFile(tools, this.plan.runUuid);
    const events = await EventStore.open({
      db,
      zero: this.plan.zero,
      firstLink: firstLink(this.plan.members, tools.sha256),
      sha256: tools.sha256,
      committed: (rows, acks) => tools.recorded('run', rows, this.#foreign(acks)),
      failed: (error) => tools.failed('events', error),
      holed: () => tools.holed(),
    });
    return { db, events };
  }

  #journalOver(
    parts: RunParts,
    have: readonly Ack[],
    first: Awaited<ReturnType<RunParts['next']>>,
  ): JournalWriter {
    const { schemas, units, clock, recorded, failed, holed } = this.#tools;
    return new JournalWriter(
      {
        zero: this.plan.zero,
        schemas,
        units,
        have,
        parts,
        hostMs: () => clock.hostMs(),
        flushed: (acks) => recorded('run', [], acks),
        failed: (error) => failed('journal', error),
        holed,
      },
      first,
    );
  }

  #parts(nextIndex: number): RunParts {
    const { slots, compress, buildHash, clock } = this.#tools;
    const { runId, plan } = this;
    return new RunParts({
      slots,
      compress,
      buildHash,
      runId,
      plan,
      nextIndex,
      hostMs: () => clock.hostMs(),
      utcMs: () => clock.utcMs(),
      opened: (part) => this.#partOpened(part),
      slotsLow: () => this.#slotsLow(),
    });
  }

  #partOpened({
    path,
    index,
    young,
  }: {
    readonly path: string;
    readonly index: number;
    readonly young: boolean;
  }): void {
    this.#saidLow = false;
    if (young)
      this.say({
        kind: KIND.armingWaived,
        severity: 'warning',
        message: `${path} lies in a file younger than 60 s: a power cut could lose it (waiver ${this.plan.waiver})`,
        metadata: { path, waiver: this.plan.waiver },
      });
    if (index > 1)
      this.say({
        kind: KIND.partOpened,
        severity: 'info',
        message: `journal part ${index} opened`,
        metadata: { path, part: index },
      });
  }

  #slotsLow(): void {
    if (this.#saidLow) return;
    this.#saidLow = true;
    this.say({
      kind: KIND.slotsLow,
      severity: 'warning',
      message: 'no file is old enough for the next journal part',
      metadata: { aged: 0, young: this.#tools.slots.stock().young },
    });
  }

  /** Nobody holds the recorder's own events back. */
  #foreign(acks: readonly Ack[]): readonly Ack[] {
    return acks.filter(({ producer }) => producer !== this.#producer);
  }
}

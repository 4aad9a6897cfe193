import type { RunZero } from '../record/clock.ts';
import type { RecordedEvent, RunEvent } from '../record/event.ts';
import type { EventEnvelope } from '../record/item.ts';
import type { Ack } from '../record/producer.ts';
import { fromHex, nextLink, toHex } from '../formats/events/chain.ts';
import type { Sha256 } from '../formats/events/chain.ts';
import { eventParameters, eventRow, recordedEvent } from '../formats/events/row.ts';
import { EVENT_INSERT, PROOF_INSERT } from '../formats/events/schema.ts';
import type { EventRow } from '../formats/events/schema.ts';
import type { SqlDatabase, SqlTransaction } from '../storage/sql-database.ts';
import { Lanes } from './lanes.ts';

export const COMMIT_EVERY_MS = 50;
export const COMMIT_EVENTS_MAX = 100;
/** Events accepted and not committed; above it producers wait. */
const QUEUE_MAX = 2000;
const RETRY_MS = 1000;

export interface EventStoreOptions {
  readonly db: SqlDatabase;
  readonly zero: RunZero;
  /** Hash the first event is chained to. */
  readonly firstLink: Uint8Array;
  readonly sha256: Sha256;
  /** After COMMIT, and again for events that were there already. */
  committed(rows: readonly RecordedEvent[], acks: readonly Ack[]): void;
  /** A commit failed (null: it works again). Nothing is lost: it is tried again, producers wait. */
  failed(error: unknown): void;
  /** Set where lanes begin with 1 and have no holes: something before an envelope is missing, it was not taken. */
  readonly holed?: () => void;
}

interface Queued {
  readonly producer: string;
  readonly seq: number;
  readonly event: RunEvent;
}

/** `events` + `event_proof`: group commit, in order of arrival, the chain made in the same transaction. */
export class EventStore {
  readonly #options: EventStoreOptions;
  readonly #lanes: Lanes;
  #queue: Queued[] = [];
  #link: Uint8Array;
  #lastId: number;
  #lastMonoNs: number | null;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #commit: Promise<void> = Promise.resolve();
  #busy = false;
  #failing = false;
  #roomWaiters: (() => void)[] = [];
  #closed = false;

  private constructor(
    options: EventStoreOptions,
    found: { have: readonly Ack[]; link: Uint8Array; lastId: number; lastMonoNs: number | null },
  ) {
    this.#options = options;
    this.#lanes = new Lanes('events', found.have, options.holed !== undefined);
    this.#link = found.link;
    this.#lastId = found.lastId;
    this.#lastMonoNs = found.lastMonoNs;
  }

  /** On a migrated database, empty or not. */
  static async open(options: EventStoreOptions): Promise<EventStore> {
    const { db } = options;
    const have = (await db.all('SELECT producer, max(seq) AS seq FROM event_proof GROUP BY producer')).map(
      (row): Ack => ({ producer: String(row['producer']), lane: 'events', upTo: Number(row['seq']) }),
    );
    const [last] = await db.all(
      'SELECT e.id, p.hash, (SELECT max(t_mono_ns) FROM events) AS mono FROM events e JOIN event_proof p ON p.event_id = e.id ORDER BY e.id DESC LIMIT 1',
    );
    return new EventStore(options, {
      have,
      link: last === undefined ? options.firstLink : fromHex(String(last['hash'])),
      lastId: Number(last?.['id'] ?? 0),
      lastMonoNs: last === undefined ? null : Number(last['mono']),
    });
  }

  get have(): readonly Ack[] {
    return this.#lanes.acks();
  }
  get count(): number {
    return this.#lastId;
  }
  get depth(): number {
    return this.#queue.length;
  }
  get holes(): number {
    return this.#lanes.holes;
  }
  /** Latest `t_mono_ns` committed; null when there is no event. */
  get lastMonoNs(): number | null {
    return this.#lastMonoNs;
  }

  /** Waits only when the queue is full. Recorded = `committed` was called. */
  add(envelope: EventEnvelope): void | Promise<void> {
    if (this.#closed) throw new Error('event store: closed');
    if (this.#queue.length >= QUEUE_MAX)
      return new Promise<void>((resolve) => this.#roomWaiters.push(resolve)).then(() => this.add(envelope));
    const { producer, firstSeq, items } = envelope;
    const { skip, hole } = this.#lanes.accept(producer, firstSeq, items.length);
    if (hole > 0) this.#options.holed?.();
    items.slice(skip).forEach((event, index) => {
      this.#queue.push({ producer, seq: firstSeq + skip + index, event });
    });
    if (skip > 0 && this.#lanes.recordedUpTo(producer) > 0)
      this.#options.committed([], [this.#lanes.ackOf(producer)]);
    if (this.#queue.length >= COMMIT_EVENTS_MAX && !this.#failing) void this.#commitNow();
    else if (this.#queue.length > 0)
      this.#timer ??= setTimeout(() => void this.#commitNow(), COMMIT_EVERY_MS);
  }

  /** Commits what is queued; resolves when it is committed, rejects when that failed. */
  async drain(): Promise<void> {
    await this.#commit;
    while (this.#queue.length > 0) {
      await this.#commitNow();
      if (this.#failing) throw new Error('event store: commit failed');
    }
  }

  /** Drains; the database stays the caller's. */
  async close(): Promise<void> {
    await this.drain();
    this.#closed = true;
    clearTimeout(this.#timer);
  }

  #commitNow(): Promise<void> {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    if (this.#busy) return this.#commit;
    this.#busy = true;
    this.#commit = this.#commitQueue().finally(() => {
      this.#busy = false;
      if (this.#queue.length > 0 && !this.#closed)
        this.#timer ??= setTimeout(
          () => void this.#commitNow(),
          this.#queue.length >= COMMIT_EVENTS_MAX ? 0 : COMMIT_EVERY_MS,
        );
    });
    return this.#commit;
  }

  async #commitQueue(): Promise<void> {
    const batch = this.#queue.slice();
    let link = this.#link;
    let rows: EventRow[];
    try {
      rows = batch.map(({ event }, index) => eventRow(this.#lastId + 1 + index, event, this.#options.zero));
      await this.#options.db.transaction(async (tx) => {
        for (const [index, row] of rows.entries())
          link = await this.#insert(tx, row, batch[index] as Queued, link);
      });
    } catch (error) {
      this.#failing = true;
      this.#options.failed(error);
      this.#timer ??= setTimeout(() => void this.#commitNow(), RETRY_MS);
      return;
    }
    this.#queue = this.#queue.slice(batch.length);
    this.#link = link;
    this.#lastId += rows.length;
    for (const row of rows) this.#lastMonoNs = Math.max(this.#lastMonoNs ?? row.t_mono_ns, row.t_mono_ns);
    for (const { producer, seq } of batch) this.#lanes.record(producer, seq);
    const producers = new Set(batch.map(({ producer }) => producer));
    if (this.#failing) this.#options.failed(null);
    this.#failing = false;
    this.#options.committed(
      rows.map((row, index) => recordedEvent(row, (batch[index] as Queued).event.severity)),
      [...producers].map((producer) => this.#lanes.ackOf(producer)),
    );
    for (const resolve of this.#roomWaiters.splice(0)) resolve();
  }

  async #insert(
    tx: SqlTransaction,
    row: EventRow,
    { producer, seq }: Queued,
    link: Uint8Array,
  ): Promise<Uint8Array> {
    const next = nextLink(link, row, this.#options.sha256);
    await tx.run(EVENT_INSERT, eventParameters(row));
    await tx.run(PROOF_INSERT, [row.id, producer, seq, toHex(next)]);
    return next;
  }
}

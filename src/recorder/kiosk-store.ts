import { isoUtc } from '../record/clock.ts';
import type { RunZero } from '../record/clock.ts';
import type { Json, RecordedEvent } from '../record/event.ts';
import type { DataEnvelope, EventEnvelope, LogItem, LogLevel } from '../record/item.ts';
import type { Ack } from '../record/producer.ts';
import { firstLink } from '../formats/events/chain.ts';
import type { Sha256 } from '../formats/events/chain.ts';
import { KIOSK_MIGRATIONS } from '../formats/events/schema.ts';
import { jsonLine } from '../formats/json-text.ts';
import { PRERUN_MS_MAX, formatPrerunLog } from '../formats/prerun-log.ts';
import type { LogLine } from '../formats/run-log.ts';
import type { SqlDatabase, SqlEngine } from '../storage/sql-database.ts';
import { COMMIT_EVERY_MS, EventStore } from './event-store.ts';
import { Lanes } from './lanes.ts';
import { migrate } from './migrate.ts';

export const KIOSK_FILE = 'kiosk.sqlite';
const KEEP_DAYS = 30;
const DAY_MS = 86_400_000;
const QUEUE_MAX = 2000;
const RETRY_MS = 1000;

export interface KioskOptions {
  readonly engine: SqlEngine;
  readonly sha256: Sha256;
  readonly zero: RunZero;
  readonly appVersion: string;
  recorded(events: readonly RecordedEvent[], acks: readonly Ack[]): void;
  failed(error: unknown): void;
}

interface QueuedLine {
  readonly producer: string;
  readonly seq: number;
  readonly item: LogItem;
}

const LEVEL_OF = { info: 'INFO', warning: 'WARNING', error: 'ERROR' } as const;

/** `kiosk.sqlite`: events and log lines of the time outside runs, kept for 30 days. */
export class KioskStore {
  readonly #db: SqlDatabase;
  readonly #options: KioskOptions;
  readonly #events: EventStore;
  readonly #lanes: Lanes;
  #lines: QueuedLine[] = [];
  #timer: ReturnType<typeof setTimeout> | undefined;
  #writing: Promise<void> = Promise.resolve();
  #ignored = 0;

  private constructor(db: SqlDatabase, options: KioskOptions, events: EventStore, have: readonly Ack[]) {
    this.#db = db;
    this.#options = options;
    this.#events = events;
    this.#lanes = new Lanes('data', have, false);
  }

  static async open(options: KioskOptions): Promise<KioskStore> {
    const { engine, sha256, zero, appVersion } = options;
    const db = await engine.open(KIOSK_FILE);
    await migrate(db, KIOSK_MIGRATIONS, { sha256, appVersion, nowUtc: isoUtc(zero.utcMs) });
    await db.run('DELETE FROM log WHERE t_utc_ms < ?', [zero.utcMs - KEEP_DAYS * DAY_MS]);
    const rows = await db.all('SELECT producer, max(seq) AS seq FROM log GROUP BY producer');
    const have = rows.map((row): Ack => ({
      producer: String(row['producer']),
      lane: 'data',
      upTo: Number(row['seq']),
    }));
    const events = await EventStore.open({
      db,
      zero,
      firstLink: firstLink({}, sha256),
      sha256,
      committed: (recorded, acks) => options.recorded(recorded, acks),
      failed: (error) => options.failed(error),
    });
    return new KioskStore(db, options, events, have);
  }

  /** Items that are no log lines; they have no place outside a run. */
  get ignored(): number {
    return this.#ignored;
  }
  get depth(): number {
    return this.#lines.length + this.#events.depth;
  }

  addEvents(envelope: EventEnvelope): void | Promise<void> {
    return this.#events.add(envelope);
  }

  addData(envelope: DataEnvelope): void | Promise<void> {
    if (this.#lines.length >= QUEUE_MAX) return pause(COMMIT_EVERY_MS).then(() => this.addData(envelope));
    const { producer, firstSeq, items } = envelope;
    const { skip } = this.#lanes.accept(producer, firstSeq, items.length);
    items.slice(skip).forEach((item, index) => {
      if (item.type === 'log') this.#lines.push({ producer, seq: firstSeq + skip + index, item });
      else this.#ignored++;
    });
    const isQueued = this.#lines.some((line) => line.producer === producer);
    if (!isQueued) {
      this.#lanes.record(producer, firstSeq + items.length - 1);
      this.#options.recorded([], [this.#lanes.ackOf(producer)]);
    } else this.#timer ??= setTimeout(() => void this.#write(), COMMIT_EVERY_MS);
  }

  async drain(): Promise<void> {
    await this.#events.drain();
    await this.#write();
  }

  async close(): Promise<void> {
    await this.drain();
    await this.#events.close();
    await this.#db.close();
  }

  /** At most the last 10 min before a run, as `prerun.log`. */
  async prerun(zeroUtcMs: number): Promise<string> {
    return formatPrerunLog(await this.#between(zeroUtcMs - PRERUN_MS_MAX, zeroUtcMs + 1), zeroUtcMs);
  }

  /** One UTC day (`YYYYMMDD`) as JSON Lines. */
  async day(day: string): Promise<string> {
    const match = /^(\d{4})(\d\d)(\d\d)$/.exec(day);
    if (match === null) throw new RangeError(`day: expected YYYYMMDD, actual ${day}`);
    const startMs = Date.UTC(Number(match[1]), Number(match[2]) - 1, Number(match[3]));
    const lines = await this.#between(startMs, startMs + DAY_MS);
    return lines
      .map(({ timestamp, level, event, fields }) => `${jsonLine({ timestamp, level, event, ...fields })}\n`)
      .join('');
  }

  /** Log lines and events as lines, oldest first. */
  async #between(fromUtcMs: number, toUtcMs: number): Promise<LogLine[]> {
    await this.drain();
    const logged = await this.#db.all(
      'SELECT t_utc, level, event, fields_json FROM log WHERE t_utc_ms >= ? AND t_utc_ms < ?',
      [fromUtcMs, toUtcMs],
    );
    const events = await this.#db.all(
      'SELECT t_utc, severity, kind, source, message, metadata_json FROM events WHERE t_utc >= ? AND t_utc < ?',
      [isoUtc(fromUtcMs), isoUtc(toUtcMs)],
    );
    const lines = [
      ...logged.map((row): LogLine => ({
        timestamp: String(row['t_utc']),
        level: row['level'] as LogLevel,
        event: String(row['event']),
        fields: JSON.parse(String(row['fields_json'])) as { [key: string]: Json },
      })),
      ...events.map((row): LogLine => ({
        timestamp: String(row['t_utc']),
        level: LEVEL_OF[row['severity'] as keyof typeof LEVEL_OF],
        event: String(row['kind']),
        fields: {
          source: String(row['source']),
          message: String(row['message']),
          ...(JSON.parse(String(row['metadata_json'] ?? '{}')) as { [key: string]: Json }),
        },
      })),
    ];
    return lines.sort((a, b) => (a.timestamp < b.timestamp ? -1 : a.timestamp > b.timestamp ? 1 : 0));
  }

  #write(): Promise<void> {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    this.#writing = this.#writing.then(() => this.#writeLines());
    return this.#writing;
  }

  async #writeLines(): Promise<void> {
    const batch = this.#lines.slice();
    if (batch.length === 0) return;
    try {
      await this.#db.transaction(async (tx) => {
        for (const { producer, seq, item } of batch)
          await tx.run(
            'INSERT INTO log (t_utc_ms, t_utc, level, event, fields_json, producer, seq) VALUES (?, ?, ?, ?, ?, ?, ?)',
            [
              Math.floor(item.tUtcMs),
              isoUtc(item.tUtcMs),
              item.level,
              item.event,
              JSON.stringify(item.fields),
              producer,
              seq,
            ],
          );
      });
    } catch (error) {
      this.#options.failed(error);
      this.#timer ??= setTimeout(() => void this.#write(), RETRY_MS);
      return;
    }
    this.#options.failed(null);
    this.#lines = this.#lines.slice(batch.length);
    for (const { producer, seq } of batch) this.#lanes.record(producer, seq);
    const producers = new Set(batch.map(({ producer }) => producer));
    this.#options.recorded(
      [],
      [...producers].map((producer) => this.#lanes.ackOf(producer)),
    );
  }
}

const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

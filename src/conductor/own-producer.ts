/** The conductor as a producer of facts: its events and log lines, in lanes of its own (`design.md` §3.4). */
import type { Clock, RunZero } from '../record/clock.ts';
import type { Json, RunEvent, Severity } from '../record/event.ts';
import { type DataItem, type Envelope, itemBytes, type LogLevel } from '../record/item.ts';
import { type Ack, type Lane, producerId } from '../record/producer.ts';
import { CallError } from '../wire/call.ts';

export interface Statement {
  readonly kind: string;
  readonly severity: Severity;
  readonly message: string;
  readonly metadata?: { readonly [key: string]: Json };
  /** Default `conductor`. */
  readonly source?: string;
  /** When it happened, if not now. */
  readonly at?: RunZero;
}

/** Lanes per scope: those of a run begin with it and end with it, those of the kiosk live as long as the conductor. */
interface Lanes {
  readonly producer: string;
  readonly last: { [lane in Lane]: number };
}

export class OwnProducer {
  readonly #clock: Clock;
  readonly #emit: (envelope: Envelope) => Promise<void>;
  readonly #failed: (error: unknown) => void;
  #epochMs = 0;
  #kiosk: Lanes;
  #run: Lanes | null = null;

  constructor(options: {
    readonly clock: Clock;
    emit(envelope: Envelope): Promise<void>;
    failed(error: unknown): void;
  }) {
    this.#clock = options.clock;
    this.#emit = (envelope) => options.emit(envelope);
    this.#failed = (error) => options.failed(error);
    this.#kiosk = this.#newLanes();
  }

  /** New lanes for a run that has just been opened or adopted. */
  beginRun(): void {
    this.#run = this.#newLanes();
  }

  /** From here on statements belong to the kiosk. */
  endRun(): void {
    this.#run = null;
  }

  /** How far the run's own lanes came. */
  runUpTo(): readonly Ack[] {
    const run = this.#run;
    if (run === null) return [];
    return (['events', 'data'] as const).map((lane) => ({
      producer: run.producer,
      lane,
      upTo: run.last[lane],
    }));
  }

  /** States an event now; returns what must be acknowledged for it to be recorded. */
  event(statement: Statement): readonly Ack[] {
    const { kind, severity, message, metadata } = statement;
    const item: RunEvent = {
      tHostMs: statement.at?.hostMs ?? this.#clock.hostMs(),
      tUtcMs: statement.at?.utcMs ?? this.#clock.utcMs(),
      kind,
      severity,
      source: statement.source ?? 'conductor',
      message,
      ...(metadata === undefined ? {} : { metadata }),
    };
    return this.#send('events', item);
  }

  log(level: LogLevel, event: string, fields: { readonly [key: string]: Json } = {}): void {
    const tHostMs = this.#clock.hostMs();
    this.#send('data', { type: 'log', tHostMs, tUtcMs: this.#clock.utcMs(), level, event, fields });
  }

  #send(lane: 'events', item: RunEvent): readonly Ack[];
  #send(lane: 'data', item: DataItem): readonly Ack[];
  #send(lane: Lane, item: RunEvent | DataItem): readonly Ack[] {
    const lanes = this.#run ?? this.#kiosk;
    const firstSeq = lanes.last[lane] + 1;
    lanes.last[lane] = firstSeq;
    const bytes = itemBytes(item, lane);
    const base = {
      scope: this.#run === null ? ('kiosk' as const) : ('run' as const),
      producer: lanes.producer,
      device: 'conductor',
      firstSeq,
      bytes,
    };
    const envelope: Envelope =
      lane === 'events'
        ? { ...base, lane, items: [item as RunEvent] }
        : { ...base, lane, items: [item as DataItem] };
    try {
      this.#emit(envelope).catch((error: unknown) => this.#failed(error));
    } catch (error) {
      // Too many wait already: it is not stated, so the number is free again.
      lanes.last[lane] = firstSeq - 1;
      this.#failed(error);
    }
    return [{ producer: lanes.producer, lane, upTo: firstSeq }];
  }

  /** Epochs rise even when two begin within one millisecond. */
  #newLanes(): Lanes {
    const nowMs = Math.floor(this.#clock.hostMs());
    if (!Number.isSafeInteger(nowMs)) throw new CallError('clock', `no epoch from ${nowMs}`);
    this.#epochMs = Math.max(this.#epochMs + 1, nowMs);
    return { producer: producerId('conductor', this.#epochMs), last: { events: 0, data: 0 } };
  }
}

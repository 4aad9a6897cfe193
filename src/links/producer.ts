/**
 * Numbers what one device states, by lane and scope (`design.md` §3.4, `record/item.ts`).
 *
 * Outside a run: polls are `live`, events and log lines `kiosk` under the epoch of the worker. In a run everything is
 * `run` under the epoch of the arm, from 1 without holes, and nothing older than run zero is in it.
 */
import type { RunZero } from '../record/clock.ts';
import type { RunEvent } from '../record/event.ts';
import { itemBytes, type DataItem, type Envelope, type Scope } from '../record/item.ts';
import { producerId, type Ack, type Lane, type ProducerId } from '../record/producer.ts';

/** Where envelopes go: `wire/outbox.ts`. Resolves when accepted; waiting is back-pressure. */
export interface Outlet {
  emit(envelope: Envelope): Promise<void>;
}

/** Emissions of polls outside a run that may wait for room; more would only be older. */
const LIVE_PENDING_MAX = 4;

interface Epoch {
  readonly scope: Exclude<Scope, 'live'>;
  readonly producer: ProducerId;
  readonly next: { [lane in Lane]: number };
  /** Items before this are not of this epoch. */
  readonly sinceMs: number;
}

export class Producer {
  readonly #device: string;
  readonly #outlet: Outlet;
  readonly #kiosk: Epoch;
  #epoch: Epoch;
  #livePending = 0;
  #liveSkipped = 0;
  readonly #pending = new Set<Promise<void>>();

  /** `epochMs` of the worker; two producers of one device must not share it. */
  constructor(device: string, epochMs: number, outlet: Outlet) {
    this.#device = device;
    this.#outlet = outlet;
    this.#kiosk = epochOf('kiosk', producerId(device, epochMs), -Infinity);
    this.#epoch = this.#kiosk;
  }

  get armed(): boolean {
    return this.#epoch.scope === 'run';
  }
  /** Polls outside a run that were not shown because the last one had not gone yet. */
  get liveSkipped(): number {
    return this.#liveSkipped;
  }

  arm(epochMs: number, zero: RunZero): void {
    this.#epoch = epochOf('run', producerId(this.#device, epochMs), zero.hostMs);
  }

  /** From here on nothing belongs to the run. Returns how far its lanes came; both lanes, also empty ones. */
  disarm(): readonly Ack[] {
    if (!this.armed) return [];
    const { producer, next } = this.#epoch;
    this.#epoch = this.#kiosk;
    return [
      { producer, lane: 'events', upTo: next.events - 1 },
      { producer, lane: 'data', upTo: next.data - 1 },
    ];
  }

  /** One poll: one emission. Resolves when it is accepted. */
  data(items: readonly DataItem[]): Promise<void> {
    const epoch = this.#epoch;
    if (epoch.scope === 'run') {
      return this.#emit(epoch, 'data', sinceZero(items, epoch.sinceMs));
    }
    const logs = items.filter(({ type }) => type === 'log');
    const shown = items.filter(({ type }) => type === 'record' || type === 'block' || type === 'status');
    this.#live(shown);
    return this.#emit(epoch, 'data', logs);
  }

  event(event: RunEvent): Promise<void> {
    const epoch = this.#epoch;
    // An event is of the run even when a slewed clock puts it a hair before zero: its moment is then zero.
    const at = Math.max(event.tHostMs, epoch.sinceMs);
    return this.#emit(epoch, 'events', [at === event.tHostMs ? event : { ...event, tHostMs: at }]);
  }

  /** Resolves when everything emitted so far is accepted. */
  async flushed(): Promise<void> {
    await Promise.all(this.#pending);
  }

  #emit(epoch: Epoch, lane: 'data', items: readonly DataItem[]): Promise<void>;
  #emit(epoch: Epoch, lane: 'events', items: readonly RunEvent[]): Promise<void>;
  #emit(epoch: Epoch, lane: Lane, items: readonly DataItem[] | readonly RunEvent[]): Promise<void> {
    if (items.length === 0) return Promise.resolve();
    const firstSeq = epoch.next[lane];
    epoch.next[lane] += items.length;
    const { scope, producer } = epoch;
    const bytes = items.reduce((sum, item) => sum + itemBytes(item, lane), 0);
    const head = { scope, producer, device: this.#device, firstSeq, bytes };
    // The overloads tie lane and items together; the union cannot see it.
    const envelope = { ...head, lane, items } as Envelope;
    const accepted = this.#outlet.emit(envelope);
    this.#pending.add(accepted);
    return accepted.finally(() => this.#pending.delete(accepted));
  }

  /** Shown only, so never waited for: the newest value is worth more than a queue of old ones. */
  #live(items: readonly DataItem[]): void {
    if (items.length === 0) return;
    if (this.#livePending >= LIVE_PENDING_MAX) {
      this.#liveSkipped += 1;
      return;
    }
    this.#livePending += 1;
    const bytes = items.reduce((sum, item) => sum + itemBytes(item, 'data'), 0);
    const { producer } = this.#kiosk;
    const envelope: Envelope = {
      scope: 'live',
      producer,
      device: this.#device,
      lane: 'data',
      firstSeq: 0,
      bytes,
      items,
    };
    void this.#outlet.emit(envelope).finally(() => (this.#livePending -= 1));
  }
}

/** Readings and bytes from before zero are not of the run; what is said at zero is, however the clocks were slewed. */
function sinceZero(items: readonly DataItem[], zeroMs: number): DataItem[] {
  return items.flatMap((item) => {
    if (item.tHostMs >= zeroMs) return [item];
    return item.type === 'status' || item.type === 'log' ? [{ ...item, tHostMs: zeroMs }] : [];
  });
}

function epochOf(scope: Epoch['scope'], producer: ProducerId, sinceMs: number): Epoch {
  return { scope, producer, next: { events: 1, data: 1 }, sinceMs };
}

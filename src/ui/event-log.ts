import type { ShownEvent } from '../wire/messages.ts';

/** Rows kept on screen (`spec/capa.md` §8). */
export const EVENT_ROWS_MAX = 5000;

/** One row: `key` rises for the life of the page, because ids begin again with each run. */
export interface EventRow {
  readonly key: number;
  readonly event: ShownEvent;
}

/** Recorded events in the order they came. `rows` is a new array after each change. */
export class EventLog {
  rows: readonly EventRow[] = [];
  /** Rows forgotten since the page opened. */
  dropped = 0;
  #next = 1;

  replace(events: readonly ShownEvent[]): void {
    this.rows = [];
    this.append(events);
  }

  append(events: readonly ShownEvent[]): void {
    if (events.length === 0) return;
    const all = [...this.rows, ...events.map((event) => ({ key: this.#next++, event }))];
    const over = Math.max(0, all.length - EVENT_ROWS_MAX);
    this.dropped += over;
    this.rows = over > 0 ? all.slice(over) : all;
  }
}

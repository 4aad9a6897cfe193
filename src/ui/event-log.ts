import type { RecordedEvent } from '../record/event.ts';
import { KIND } from '../record/taxonomy.ts';

/** Rows kept on screen (`spec/capa.md` §8). */
export const EVENT_ROWS_MAX = 5000;

/** One row: `key` rises for the life of the page, because ids begin again with each run. */
export interface EventRow {
  readonly key: number;
  readonly event: RecordedEvent;
  /** Its `tMonoNs` counts from a run's zero; outside a run only the wall clock means something. */
  readonly inRun: boolean;
}

/** Recorded events in the order they came. `rows` is a new array after each change. */
export class EventLog {
  rows: readonly EventRow[] = [];
  /** Rows forgotten since the page opened. */
  dropped = 0;
  #next = 1;
  #inRun = false;

  replace(events: readonly RecordedEvent[]): void {
    this.rows = [];
    // A full list begins somewhere within a run; a short one begins with the session.
    this.#inRun = events.length >= EVENT_ROWS_MAX;
    this.append(events);
  }

  append(events: readonly RecordedEvent[]): void {
    if (events.length === 0) return;
    const all = [...this.rows, ...events.map((event) => this.#rowOf(event))];
    const over = Math.max(0, all.length - EVENT_ROWS_MAX);
    this.dropped += over;
    this.rows = over > 0 ? all.slice(over) : all;
  }

  #rowOf(event: RecordedEvent): EventRow {
    if (event.kind === KIND.runStarted) this.#inRun = true;
    const row = { key: this.#next++, event, inRun: this.#inRun };
    if (event.kind === KIND.runEnded) this.#inRun = false;
    return row;
  }
}

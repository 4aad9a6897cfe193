import type { RecordedFrame, ShownEvent } from '../wire/messages.ts';

export const EVENTS_SHOWN_MAX = 5000;

/** The last 5,000 recorded events, for pages that come late. */
export class EventTail {
  #events: ShownEvent[] = [];
  #end = 0;

  /** Cursor after the newest event. */
  get end(): number {
    return this.#end;
  }

  push({ scope, events }: Pick<RecordedFrame, 'scope' | 'events'>): void {
    this.#events.push(...events.map((event) => ({ ...event, scope })));
    this.#end += events.length;
    // Cut in blocks: not at each event.
    if (this.#events.length > EVENTS_SHOWN_MAX * 2) this.#events = this.#events.slice(-EVENTS_SHOWN_MAX);
  }

  since(cursor: number): readonly ShownEvent[] {
    const wanted = Math.min(this.#end - cursor, EVENTS_SHOWN_MAX, this.#events.length);
    return wanted > 0 ? this.#events.slice(-wanted) : [];
  }

  before(cursor: number): readonly ShownEvent[] {
    const newer = this.#end - cursor;
    const seen = newer > 0 ? this.#events.slice(0, -newer) : this.#events;
    return seen.slice(-EVENTS_SHOWN_MAX);
  }
}

import type { DeviceView, InstrumentHost } from '../wire/messages.ts';

/** Tells the conductor how devices stand: the latest view of each, one call at a time, so that a slow one costs nothing. */
export class ViewFeed {
  #host: Pick<InstrumentHost, 'deviceChanged'> | null = null;
  readonly #latest = new Map<string, DeviceView>();
  #sending = false;

  /** A (new) conductor; null = there is none. */
  set host(host: Pick<InstrumentHost, 'deviceChanged'> | null) {
    this.#host = host;
    void this.#send();
  }

  changed(view: DeviceView): void {
    this.#latest.set(view.device, view);
    void this.#send();
  }

  async #send(): Promise<void> {
    if (this.#sending) return;
    this.#sending = true;
    for (let view = this.#take(); view !== null; view = this.#take()) {
      // A conductor that does not answer is dead or busy; the next second brings a newer view anyway.
      await this.#host?.deviceChanged(view).catch(() => undefined);
    }
    this.#sending = false;
  }

  #take(): DeviceView | null {
    if (this.#host === null) return null;
    const [view] = this.#latest.values();
    if (view === undefined) return null;
    this.#latest.delete(view.device);
    return view;
  }
}

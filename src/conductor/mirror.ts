/**
 * What one page is shown, 20 times a second, on two credits. A page that does not answer misses frames (counted), never
 * points or events: the next frame carries all that is new since the last one it got.
 */
import type { HostMs } from '../record/clock.ts';
import type { Rig } from '../rig/rig.ts';
import type { MirrorFrame, MirrorSnapshot, MirrorUp } from '../wire/messages.ts';
import { UnknownFrame } from '../wire/port.ts';
import type { EventTail } from './event-tail.ts';
import type { PagePeer } from './peers.ts';
import type { PlotCursors, Plots } from './plot-ring.ts';

const CREDITS_MAX = 2;

/** The parts of a frame that are the same for every page. */
export type MirrorView = Pick<MirrorFrame, 'hostMs' | 'run' | 'devices' | 'channels' | 'health'>;

export interface MirrorSource {
  readonly plots: Plots;
  readonly events: EventTail;
  readonly rig: Rig;
  view(): MirrorView;
}

export class Mirror {
  readonly #port: PagePeer['mirror'];
  readonly #source: MirrorSource;
  readonly #plotAt: PlotCursors = new Map();
  #eventAt = 0;
  #credits = 0;
  #rigShown: Rig | null = null;
  #frameAtMs: HostMs = 0;
  dropped = 0;

  constructor(port: PagePeer['mirror'], source: MirrorSource, broken: (error: unknown) => void) {
    this.#port = port;
    this.#source = source;
    // A new page starts with a snapshot of everything up to here.
    this.#seeEverything();
    port.listen((frame: MirrorUp) => {
      if (frame.type === 'credit') this.#credits = Math.min(CREDITS_MAX, this.#credits + 1);
      else broken(new UnknownFrame('page', frame));
    });
  }

  /** One frame, if the page has a credit; otherwise it is dropped and counted. */
  frame(owner: boolean): void {
    if (this.#credits === 0) {
      this.dropped += 1;
      return;
    }
    this.#credits -= 1;
    this.#post(owner);
  }

  /**
   * Everything the frames so far have shown, with the newest state. Frames after it continue exactly there, so a page
   * that takes several snapshots sees nothing twice and misses nothing.
   */
  snapshot(owner: boolean, refusal: MirrorSnapshot['refusal']): MirrorSnapshot {
    const view = this.#source.view();
    if (this.#credits > 0) {
      this.#credits -= 1;
      this.#post(owner);
    } else if (this.#frameAtMs === 0) {
      this.#seeEverything();
      this.#frameAtMs = view.hostMs;
    }
    return {
      ...view,
      hostMs: this.#frameAtMs,
      plot: this.#source.plots.before(this.#plotAt),
      events: this.#source.events.before(this.#eventAt),
      rig: this.#source.rig,
      owner,
      refusal,
    };
  }

  #post(owner: boolean): void {
    const { events, plots, rig } = this.#source;
    const view = this.#source.view();
    const frame: MirrorFrame = {
      type: 'frame',
      ...view,
      plot: plots.take(this.#plotAt),
      events: events.since(this.#eventAt),
      owner,
      ...(rig === this.#rigShown ? {} : { rig }),
    };
    this.#eventAt = events.end;
    this.#rigShown = rig;
    this.#frameAtMs = view.hostMs;
    this.#port.post(frame);
  }

  #seeEverything(): void {
    this.#source.plots.take(this.#plotAt);
    this.#eventAt = this.#source.events.end;
  }
}

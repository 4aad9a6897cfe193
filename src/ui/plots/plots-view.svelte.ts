import type uPlot from 'uplot';
import { valueText } from '../format.ts';
import type { KioskState } from '../kiosk-state.svelte.ts';
import { gridOf, nearestValue, type Grid } from './grid.ts';
import { markersOf } from './markers.ts';
import type { Panel } from './panel.ts';
import { gapMs, type TraceGroup } from './traces.ts';

export type Span = 'minute' | 'ten' | 'all';
export type Mode = 'follow' | 'cursor';
const SPAN_MS: Record<Exclude<Span, 'all'>, number> = { minute: 60_000, ten: 600_000 };
/** 5 Hz: the limit is 10 (`spec/capa.md` §4.5), a tablet's battery likes less. */
const REPAINT_MS = 200;
const SHORTEST_MS = 10_000;

interface Shown {
  readonly panel: Panel;
  readonly group: TraceGroup;
}

/** Which time the plots show, and their repaint. Pausing the view never pauses the record. */
export class PlotsView {
  span = $state<Span>('ten');
  mode = $state<Mode>('follow');
  library = $state.raw<typeof uPlot | 'loading' | 'failed'>('loading');
  /** Cursor, seconds on the axis. */
  cursor = $state(0);
  /** Window, seconds on the axis. */
  from = $state(0);
  to = $state(0);
  /** By channel: value under the cursor. */
  readouts = $state.raw<Readonly<Record<string, string>>>({});
  readonly #state: KioskState;
  #shown: readonly Shown[] = [];
  #frozen: { from: number; to: number; origin: number } | null = null;
  #scheduled = false;

  constructor(state: KioskState) {
    this.#state = state;
  }

  start(): () => void {
    if (typeof this.library === 'string') {
      this.library = 'loading';
      import('uplot').then(
        (module) => (this.library = module.default),
        () => (this.library = 'failed'),
      );
    }
    const timer = setInterval(() => {
      if (!document.hidden && this.mode === 'follow') this.#repaint();
    }, REPAINT_MS);
    return () => clearInterval(timer);
  }

  add(panel: Panel, group: TraceGroup): () => void {
    const shown: Shown = { panel, group };
    this.#shown = [...this.#shown, shown];
    this.repaintSoon();
    return () => {
      this.#shown = this.#shown.filter((other) => other !== shown);
      panel.destroy();
    };
  }

  setSpan(span: Span): void {
    this.span = span;
    if (this.mode === 'cursor') this.#freeze();
    this.repaintSoon();
  }

  setMode(mode: Mode): void {
    if (mode === 'cursor' && this.mode === 'follow') {
      this.#freeze();
      this.cursor = this.from + (this.to - this.from) * 0.75;
    }
    if (mode === 'follow') this.#frozen = null;
    this.mode = mode;
    this.repaintSoon();
  }

  setCursor(seconds: number): void {
    if (this.mode === 'follow') this.setMode('cursor');
    this.cursor = Math.min(this.to, Math.max(this.from, seconds));
    this.repaintSoon();
  }

  repaintSoon(): void {
    if (this.#scheduled) return;
    this.#scheduled = true;
    requestAnimationFrame(() => {
      this.#scheduled = false;
      this.#repaint();
    });
  }

  #freeze(): void {
    this.#frozen = this.#window();
    this.from = (this.#frozen.from - this.#frozen.origin) / 1000;
    this.to = (this.#frozen.to - this.#frozen.origin) / 1000;
  }

  /** Host ms. Follows the run from its zero; before a run, time counts back from now. */
  #window(): { from: number; to: number; origin: number } {
    const run = this.#state.view?.run;
    const to = this.#state.hostMs();
    const zero = run && run.state.phase !== 'idle' && run.zero ? run.zero.hostMs : null;
    const channels = this.#shown.flatMap(({ group }) => group.traces.map(({ channel }) => channel));
    const first = this.#state.plots.firstHostMs(channels) ?? to;
    const start = zero !== null && this.#state.runOpen ? Math.max(first, zero) : first;
    const wanted = this.span === 'all' ? start : Math.max(start, to - SPAN_MS[this.span]);
    return { from: Math.min(wanted, to - SHORTEST_MS), to, origin: zero ?? to };
  }

  #repaint(): void {
    if (this.#shown.length === 0) return;
    const { from, to, origin } = this.#frozen ?? this.#window();
    this.from = (from - origin) / 1000;
    this.to = (to - origin) / 1000;
    const cursor = this.mode === 'cursor' ? this.cursor : null;
    const markers = markersOf(this.#state.events, this.#state.view?.run.zero ?? null);
    const readouts: Record<string, string> = {};
    for (const shown of this.#shown) {
      const { panel, group } = shown;
      const rates = Object.fromEntries(group.traces.map(({ channel, rateHz }) => [channel, rateHz]));
      const grid = gridOf(
        this.#state.plots,
        group.traces.map(({ channel }) => channel),
        {
          fromHostMs: from,
          toHostMs: to,
          columns: panel.columns(),
          originHostMs: origin,
          gapMs: (channel) => gapMs(rates[channel] ?? 1),
        },
      );
      panel.draw({ grid, from: this.from, to: this.to, markers, originHostMs: origin, cursor });
      if (cursor !== null) readCursor(readouts, group, grid, cursor);
    }
    if (cursor !== null) this.readouts = readouts;
  }
}

function readCursor(into: Record<string, string>, group: TraceGroup, grid: Grid, cursor: number): void {
  group.traces.forEach((trace, i) => {
    const value = nearestValue(grid, grid.series[i] ?? [], cursor);
    into[trace.channel] = value === null ? '—' : `${valueText(value)} ${trace.unit}`;
  });
}

import type { PlotStore } from './plot-store.ts';

/** `undefined` = nothing at this x (the line passes by); `null` = nothing was read here (the line breaks). */
export type Cell = number | null | undefined;

export interface GridWindow {
  readonly fromHostMs: number;
  readonly toHostMs: number;
  /** Columns of the drawing, about one per pixel. */
  readonly columns: number;
  /** Host ms that is 0 on the axis. */
  readonly originHostMs: number;
  /** Longer than this without a point breaks the line, ms. */
  readonly gapMs: (channel: string) => number;
}

export interface Grid {
  /** Two per column, seconds since the origin, rising. */
  readonly x: Float64Array;
  readonly series: readonly Cell[][];
}

interface Cursor {
  lastT: number;
  lastSlot: number;
}

/**
 * Lowest and highest of each column per channel on one shared axis. Columns lie on whole multiples of their width,
 * so a moving window does not shimmer.
 */
export function gridOf(store: PlotStore, channels: readonly string[], window: GridWindow): Grid {
  const widthMs = Math.max(1, (window.toHostMs - window.fromHostMs) / window.columns);
  const firstColumn = Math.floor(window.fromHostMs / widthMs);
  const columns = Math.floor(window.toHostMs / widthMs) - firstColumn + 1;
  const x = new Float64Array(columns * 2);
  for (let i = 0; i < x.length; i++)
    x[i] = ((firstColumn + (i >> 1) + (i & 1 ? 0.75 : 0.25)) * widthMs - window.originHostMs) / 1000;
  const series = channels.map((channel) => {
    const out: Cell[] = new Array<Cell>(columns * 2).fill(undefined);
    fill(out, store, channel, window, widthMs, firstColumn);
    return out;
  });
  return { x, series };
}

function fill(
  out: Cell[],
  store: PlotStore,
  channel: string,
  window: GridWindow,
  widthMs: number,
  firstColumn: number,
): void {
  const trace = store.trace(channel);
  if (!trace) return;
  const { ring, overview } = trace;
  const cursor: Cursor = { lastT: Number.NaN, lastSlot: -1 };
  const gapMs = window.gapMs(channel);
  const oldestInRing = ring.length > 0 ? ring.timeAt(0) : Infinity;
  if (window.fromHostMs < oldestInRing) {
    for (let i = 0; i < overview.length; i++) {
      const t = overview.timeAt(i);
      if (t + overview.widthMs > oldestInRing || t > window.toHostMs) break;
      if (t + overview.widthMs < window.fromHostMs) continue;
      put(out, t, overview.lowAt(i), cursor, Math.max(gapMs, overview.widthMs * 2.5), widthMs, firstColumn);
      put(out, t, overview.highAt(i), cursor, Math.max(gapMs, overview.widthMs * 2.5), widthMs, firstColumn);
    }
  }
  // One point before the window, so that the line enters from the left edge.
  for (let i = Math.max(0, ring.lowerBound(window.fromHostMs) - 1); i < ring.length; i++) {
    const t = ring.timeAt(i);
    if (t > window.toHostMs) break;
    put(out, t, ring.valueAt(i), cursor, gapMs, widthMs, firstColumn);
  }
}

function put(
  out: Cell[],
  t: number,
  v: number,
  cursor: Cursor,
  gapMs: number,
  widthMs: number,
  firstColumn: number,
): void {
  const column = Math.floor(t / widthMs) - firstColumn;
  const slot = Math.max(0, column * 2);
  if (slot >= out.length) return;
  // The drawing breaks a line only over an unbroken row of nulls.
  if (t - cursor.lastT > gapMs && slot - cursor.lastSlot > 2) out.fill(null, cursor.lastSlot + 2, slot);
  cursor.lastT = t;
  cursor.lastSlot = slot;
  if (Number.isNaN(v)) {
    out[slot] ??= null;
    return;
  }
  const first = out[slot];
  if (typeof first !== 'number') {
    out[slot] = v;
    return;
  }
  // Second slot: the other extreme. Both slots together always hold lowest and highest of the column.
  const second = out[slot + 1];
  const low = Math.min(first, typeof second === 'number' ? second : first, v);
  const high = Math.max(first, typeof second === 'number' ? second : first, v);
  const rising = v >= first;
  out[slot] = rising ? low : high;
  out[slot + 1] = rising ? high : low;
}

/** Value of `series` nearest to `xSeconds`; null when it has none. */
export function nearestValue(grid: Grid, series: readonly Cell[], xSeconds: number): number | null {
  let best: number | null = null;
  let bestDistance = Infinity;
  for (let i = 0; i < grid.x.length; i++) {
    const value = series[i];
    if (typeof value !== 'number') continue;
    const distance = Math.abs((grid.x[i] ?? 0) - xSeconds);
    if (distance > bestDistance) break;
    best = value;
    bestDistance = distance;
  }
  return best;
}

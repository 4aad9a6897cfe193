import type uPlot from 'uplot';
import { axisTimeText } from '../format.ts';
import type { Colours } from './colours.ts';
import type { Grid } from './grid.ts';
import type { Marker } from './markers.ts';
import type { TraceGroup } from './traces.ts';

/** What one repaint shows; times in seconds on the axis. */
export interface Frame {
  readonly grid: Grid;
  readonly from: number;
  readonly to: number;
  readonly markers: readonly Marker[];
  readonly originHostMs: number;
  readonly cursor: number | null;
}

export interface PanelOptions {
  readonly group: TraceGroup;
  readonly colours: Colours;
  /** Only the lowest panel names the times. */
  readonly withTimes: boolean;
}

const TIME_STEPS_S = [
  0.1, 0.2, 0.5, 1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 14400, 43200, 86400,
];
const AXIS_WIDTH = 64;
export const TIMES_HEIGHT = 24;
const FONT = '12px system-ui, sans-serif';

/** One uPlot, one plot group. Draws what it is handed; knows nothing of stores or runs. */
export class Panel {
  readonly #plot: uPlot;
  readonly #host: HTMLElement;
  readonly #colours: Colours;
  #frame: Frame | null = null;

  constructor(UPlot: typeof uPlot, host: HTMLElement, options: PanelOptions) {
    this.#host = host;
    this.#colours = options.colours;
    this.#plot = new UPlot(this.#options(options), [[], ...options.group.traces.map(() => [])], host);
  }

  /** Seconds on the axis under a pointer. */
  timeAt(event: PointerEvent): number {
    return this.#plot.posToVal(event.clientX - this.#plot.over.getBoundingClientRect().left, 'x');
  }

  columns(): number {
    return Math.max(50, Math.floor(this.#plot.bbox.width / devicePixelRatio));
  }

  draw(frame: Frame): void {
    this.#frame = frame;
    this.#fit();
    this.#plot.batch(() => {
      this.#plot.setData([frame.grid.x, ...frame.grid.series] as uPlot.AlignedData, false);
      this.#plot.setScale('x', { min: frame.from, max: frame.to });
    });
  }

  destroy(): void {
    this.#plot.destroy();
  }

  #fit(): void {
    const { clientWidth: width, clientHeight: height } = this.#host;
    if (width > 0 && height > 0 && (width !== this.#plot.width || height !== this.#plot.height))
      this.#plot.setSize({ width, height });
  }

  #options({ group, colours, withTimes }: PanelOptions): uPlot.Options {
    const scaleOf = (unit: string) => `y:${unit}`;
    const grid = { stroke: colours.of('--grid'), width: 1 };
    const ink = { stroke: colours.of('--ink-3'), font: FONT };
    return {
      width: Math.max(100, this.#host.clientWidth),
      height: Math.max(60, this.#host.clientHeight),
      legend: { show: false },
      cursor: { show: false },
      padding: [6, 20, withTimes ? 0 : 4, 0],
      scales: {
        x: { time: false, auto: false },
        ...Object.fromEntries(group.units.map((unit) => [scaleOf(unit), { range: padded }])),
      },
      axes: [
        {
          ...ink,
          grid,
          ticks: { show: false },
          size: withTimes ? TIMES_HEIGHT : 0,
          gap: 4,
          incrs: TIME_STEPS_S,
          space: 80,
          values: (_, splits) => splits.map((s) => (withTimes ? axisTimeText(s) : '')),
        },
        ...group.units.slice(0, 2).map((unit, side) => ({
          ...ink,
          scale: scaleOf(unit),
          side: side === 0 ? (3 as const) : (1 as const),
          size: AXIS_WIDTH,
          gap: 6,
          space: 20,
          values: (_: uPlot, splits: number[]) => splits.map(tickText),
          grid: side === 0 ? grid : { show: false },
          ticks: { show: false },
        })),
      ],
      series: [
        {},
        ...group.traces.map((trace) => ({
          scale: scaleOf(trace.unit),
          stroke: colours.of(trace.token),
          width: 1.6,
          dash: [...trace.dash],
          points: { show: false },
        })),
      ],
      hooks: { draw: [() => this.#drawLines()] },
    };
  }

  /** Event markers and the cursor, over the traces. */
  #drawLines(): void {
    const frame = this.#frame;
    if (!frame) return;
    for (const marker of frame.markers) {
      const x = (marker.hostMs - frame.originHostMs) / 1000;
      const token =
        marker.severity === 'error' ? '--fail' : marker.severity === 'warning' ? '--warn' : '--info';
      if (x >= frame.from && x <= frame.to) this.#line(x, this.#colours.of(token), [3, 3]);
    }
    if (frame.cursor !== null) this.#line(frame.cursor, this.#colours.of('--ink'), []);
  }

  #line(xSeconds: number, colour: string, dash: readonly number[]): void {
    const { ctx, bbox } = this.#plot;
    const x = Math.round(this.#plot.valToPos(xSeconds, 'x', true)) + 0.5;
    ctx.save();
    ctx.strokeStyle = colour;
    ctx.lineWidth = devicePixelRatio;
    ctx.setLineDash(dash.map((length) => length * devicePixelRatio));
    ctx.beginPath();
    ctx.moveTo(x, bbox.top);
    ctx.lineTo(x, bbox.top + bbox.height);
    ctx.stroke();
    ctx.restore();
  }
}

/** As written by the step between ticks; exponents where digits would not fit. */
function tickText(value: number): string {
  const size = Math.abs(value);
  return size >= 1e6 || (size > 0 && size < 1e-4) ? value.toExponential(1) : String(+value.toPrecision(7));
}

/** A tenth of air above and below; a flat line still gets a band. */
function padded(_: uPlot, low: number | null, high: number | null): [number, number] {
  if (low === null || high === null) return [0, 1];
  const span = high - low;
  const air = span > 0 ? span * 0.1 : Math.max(Math.abs(high) * 0.01, 0.01);
  return [low - air, high + air];
}

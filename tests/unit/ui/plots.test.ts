import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { gridOf, nearestValue } from '../../../src/ui/plots/grid.ts';
import { markersOf } from '../../../src/ui/plots/markers.ts';
import { Overview } from '../../../src/ui/plots/overview.ts';
import { PlotStore } from '../../../src/ui/plots/plot-store.ts';
import { Ring, ringCapacity } from '../../../src/ui/plots/ring.ts';

const channel = (unit: string) => ({
  name: 'a',
  kind: 'mass' as const,
  unit,
  source: { device: 'd', field: 'f' },
  calibration: { kind: 'identity' as const },
  keepRaw: false,
  plotGroup: '',
  decimateToHz: 10,
});

const points = (channel: string, t: number[], v: number[]) => ({
  channel,
  t: Float64Array.from(t),
  v: Float64Array.from(v),
});

describe('ring', () => {
  it('has room for 10 minutes at the decimation rate', () => {
    expect([ringCapacity(60), ringCapacity(1), ringCapacity(20)]).toEqual([36_000, 6000, 12_000]);
  });
  it('keeps the newest, counts the forgotten, ignores what it has', () => {
    const ring = new Ring(5);
    for (let i = 0; i < 12; i++) ring.push(i, i * 10);
    expect(ring.push(11, 0)).toBe(false);
    expect([...Array(ring.length).keys()].map((i) => ring.valueAt(i))).toEqual([70, 80, 90, 100, 110]);
    expect(ring.evicted).toBe(7);
    expect([ring.lowerBound(0), ring.lowerBound(8.5), ring.lowerBound(99)]).toEqual([0, 2, 5]);
  });
  it('grows without losing order', () => {
    const ring = new Ring(6000);
    for (let i = 0; i < 7000; i++) ring.push(i, -i);
    expect([ring.length, ring.timeAt(0), ring.valueAt(5999), ring.evicted]).toEqual([
      6000, 1000, -6999, 1000,
    ]);
  });
});

describe('overview', () => {
  it('holds the extremes of any length of run in a fixed budget', () => {
    const overview = new Overview();
    for (let i = 0; i < 40_000; i++) overview.push(i * 250, i === 20_000 ? 99 : Math.sin(i));
    expect(overview.length).toBeLessThanOrEqual(2400);
    expect(overview.length).toBeGreaterThan(1000);
    let high = -Infinity;
    for (let i = 0; i < overview.length; i++) high = Math.max(high, overview.highAt(i));
    expect(high).toBe(99);
  });
});

describe('grid', () => {
  const window = { fromHostMs: 0, toHostMs: 1000, columns: 10, originHostMs: 0, gapMs: () => 250 };

  it('never hides an extreme', () => {
    fc.assert(
      fc.property(
        fc.array(fc.double({ min: -1e6, max: 1e6, noNaN: true }), { minLength: 2, maxLength: 300 }),
        (values) => {
          const store = new PlotStore();
          store.append([
            points(
              'a',
              values.map((_, i) => (i * 1000) / values.length),
              values,
            ),
          ]);
          const drawn = (gridOf(store, ['a'], { ...window, gapMs: () => 1e9 }).series[0] ?? []).filter(
            (cell): cell is number => typeof cell === 'number',
          );
          return Math.max(...drawn) === Math.max(...values) && Math.min(...drawn) === Math.min(...values);
        },
      ),
    );
  });
  it('breaks the line over a gap and only there', () => {
    const store = new PlotStore();
    store.append([points('a', [50, 150, 850, 950], [1, 2, 3, 4])]);
    const [cells = []] = gridOf(store, ['a'], window).series;
    expect(cells.slice(2, 17)).toEqual([2, undefined, ...Array<null>(12).fill(null), 3]);
    expect(cells.slice(0, 3)).toEqual([1, undefined, 2]);
  });
  it('reads the value nearest to the cursor', () => {
    const store = new PlotStore();
    store.append([points('a', [50, 550], [1, 2])]);
    const grid = gridOf(store, ['a', 'none'], window);
    expect(nearestValue(grid, grid.series[0] ?? [], 0.2)).toBe(1);
    expect(nearestValue(grid, grid.series[0] ?? [], 0.5)).toBe(2);
    expect(nearestValue(grid, grid.series[1] ?? [], 0.5)).toBeNull();
  });
});

describe('store', () => {
  it('keeps the points of a channel that is gone for a moment, not of one that means something else', () => {
    const store = new PlotStore();
    store.setChannels([channel('g')]);
    store.append([points('a', [1, 2], [1, 2])]);
    store.setChannels([]);
    store.setChannels([channel('g')]);
    expect(store.trace('a')?.ring.length).toBe(2);
    store.setChannels([channel('kg')]);
    expect(store.trace('a')).toBeNull();
  });
});

describe('markers', () => {
  it('are those of the run that is shown', () => {
    const event = (id: number, kind: string, atS: number) => ({
      key: id,
      event: {
        scope: kind === 'kiosk' ? ('kiosk' as const) : ('run' as const),
        id,
        kind,
        tMonoNs: atS * 1e9,
        tUtc: '',
        severity: 'info' as const,
        source: '',
        message: '',
        metadataJson: null,
      },
    });
    const rows = [
      event(1, 'run.started', 0),
      event(2, 'x', 5),
      event(3, 'run.started', 0),
      event(4, 'x', 7),
      event(5, 'kiosk', 9),
    ];
    expect(markersOf(rows, { hostMs: 1000, utcMs: 0 }).map(({ hostMs }) => hostMs)).toEqual([8000, 1000]);
    expect(markersOf(rows, null)).toEqual([]);
  });
});

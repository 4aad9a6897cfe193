import { describe, expect, it } from 'vitest';
import { EventTail, EVENTS_SHOWN_MAX } from '../../../src/conductor/event-tail.ts';
import { Mirror, type MirrorSource } from '../../../src/conductor/mirror.ts';
import { PlotRing, Plots, ringCapacity } from '../../../src/conductor/plot-ring.ts';
import { EMPTY_RIG } from '../../../src/conductor/rig-holder.ts';
import type { RecordedEvent } from '../../../src/record/event.ts';
import type { MirrorFrame, MirrorUp } from '../../../src/wire/messages.ts';

const event = (id: number): RecordedEvent => ({
  id,
  tMonoNs: id,
  tUtc: '',
  kind: 'operator.note',
  severity: 'info',
  source: 'operator',
  message: '',
  metadataJson: null,
});

describe('PlotRing', () => {
  it('has room for ten minutes, at least 6,000 points', () => {
    expect([ringCapacity(60), ringCapacity(10), ringCapacity(1)]).toEqual([36_000, 6000, 6000]);
  });

  it('drops what is closer than 1/hz to the last kept point, and counts', () => {
    const ring = new PlotRing(10);
    for (const t of [0, 50, 100, 199, 200, 150]) ring.push(t, t);
    expect([...ring.since(0).t]).toEqual([0, 100, 200]);
    expect([ring.decimated, ring.evictions]).toEqual([3, 0]);
  });

  it('evicts the oldest when it is full, and counts', () => {
    const ring = new PlotRing(10);
    for (let i = 0; i < 6500; i += 1) ring.push(i * 100, i);
    const { v } = ring.since(0);
    expect([v.length, v[0], v.at(-1), ring.evictions]).toEqual([6000, 500, 6499, 500]);
    expect([...ring.since(6498).v]).toEqual([6498, 6499]);
  });
});

describe('EventTail', () => {
  it('gives what is new, and what was seen, at most 5,000', () => {
    const tail = new EventTail();
    for (let id = 1; id <= 12_000; id += 1) tail.push({ scope: 'run', events: [event(id)] });
    expect(tail.since(11_998).map(({ id, scope }) => [id, scope])).toEqual([
      [11_999, 'run'],
      [12_000, 'run'],
    ]);
    expect(tail.since(0)).toHaveLength(EVENTS_SHOWN_MAX);
    expect(tail.before(11_999).at(-1)?.id).toBe(11_999);
    expect(tail.since(12_000)).toEqual([]);
  });
});

describe('Mirror', () => {
  function make() {
    const plots = new Plots();
    plots.keepOnly([{ name: 'heater', decimateToHz: 1000 }]);
    const events = new EventTail();
    const frames: MirrorFrame[] = [];
    let credit: (frame: MirrorUp) => void = () => {};
    let nowMs = 0;
    const source = {
      plots,
      events,
      rig: EMPTY_RIG,
      view: () => ({ hostMs: ++nowMs }),
    } as unknown as MirrorSource;
    const port = {
      post: (frame: MirrorFrame) => frames.push(frame),
      listen: (hears: (frame: MirrorUp) => void) => (credit = hears),
      close: () => {},
    };
    const mirror = new Mirror(port, source, () => {});
    const give = () => credit({ type: 'credit' });
    const point = (t: number) => plots.push('heater', t, t);
    return { mirror, events, frames, give, point };
  }
  const points = (frame: { plot: MirrorFrame['plot'] } | undefined) => [...(frame?.plot[0]?.t ?? [])];

  it('drops frames without credit, never points or events', () => {
    const { mirror, events, frames, give, point } = make();
    give();
    give();
    give();
    for (const t of [10, 20, 30, 40]) {
      point(t);
      events.push({ scope: 'run', events: [event(t)] });
      mirror.frame(true);
    }
    expect([frames.length, mirror.dropped]).toEqual([2, 2]);
    give();
    mirror.frame(true);
    expect(points(frames[2])).toEqual([30, 40]);
    expect(frames[2]?.events.map(({ id }) => id)).toEqual([30, 40]);
  });

  it('sends the rig when it changed', () => {
    const { mirror, frames, give } = make();
    give();
    mirror.frame(true);
    give();
    mirror.frame(true);
    expect(frames.map(({ rig }) => rig !== undefined)).toEqual([true, false]);
  });

  it('gives snapshots that continue exactly at the next frame, also twice', () => {
    const { mirror, frames, give, point } = make();
    point(10);
    give();
    mirror.frame(true);
    point(20);
    const first = mirror.snapshot(true, null);
    const second = mirror.snapshot(true, null);
    expect([points(first), points(second)]).toEqual([[10], [10]]);
    give();
    mirror.frame(true);
    expect(points(frames[1])).toEqual([20]);
    expect(frames[1]?.hostMs).toBeGreaterThan(second.hostMs);
    give();
    point(30);
    const third = mirror.snapshot(true, null);
    expect(points(third)).toEqual([10, 20, 30]);
    expect(points(frames[2])).toEqual([30]);
    expect(frames[2]?.hostMs).toBe(third.hostMs);
  });
});

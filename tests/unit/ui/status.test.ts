import { describe, expect, it } from 'vitest';
import { bundleReading, endedText } from '../../../src/ui/bundle-words.ts';
import { EventLog, EVENT_ROWS_MAX } from '../../../src/ui/event-log.ts';
import { atBottom, ROW_PX, rowWindow } from '../../../src/ui/parts/event-window.ts';
import { pills } from '../../../src/ui/pills.ts';
import { tileState } from '../../../src/ui/tile-state.ts';
import {
  sceneBundle,
  sceneDevice,
  sceneEvent,
  sceneHealth,
  sceneRig,
} from '../../browser/ui-fixture/scene.ts';

describe('pills', () => {
  const facts = {
    health: sceneHealth(0, -1),
    evictions: 3,
    budget: { budgetBytes: 8e9 },
    operatorId: 'k.meyer',
    run: { phase: 'idle' as const },
  };
  const levels = (patch: Partial<typeof facts>) =>
    Object.fromEntries(pills({ ...facts, ...patch }).map(({ key, level }) => [key, level]));

  it('stand in the order operators are taught', () => {
    expect(pills(facts).map(({ key }) => key)).toEqual([
      'ui',
      'sat',
      'loop',
      'q',
      'safety',
      'disk',
      'cam',
      'op',
      'bundle',
    ]);
  });
  it('turn yellow and red where the fact sheet says', () => {
    const health = (patch: Partial<typeof facts.health>) => levels({ health: { ...facts.health, ...patch } });
    expect([0, 49, 50, 200].map((loopLagP99Ms) => health({ loopLagP99Ms })['loop'])).toEqual([
      'ok',
      'ok',
      'warn',
      'fail',
    ]);
    expect([-1, 2499, 2500, 5000].map((worstBlockedMs) => health({ worstBlockedMs })['sat'])).toEqual([
      'ok',
      'ok',
      'warn',
      'fail',
    ]);
    const slotBytes = (share: number) => {
      const { recorder } = facts.health;
      return recorder && health({ recorder: { ...recorder, slotBytes: share * 8e9 } })['disk'];
    };
    expect([0.5, 0.86, 0.96].map(slotBytes)).toEqual(['ok', 'warn', 'fail']);
    expect(levels({ operatorId: '' })['op']).toBe('warn');
  });
  it('show a failed write as red whatever the budget says', () => {
    const { recorder } = facts.health;
    if (!recorder) throw new Error('scene without recorder');
    const failed = { ...recorder, error: { code: 'quota', detail: 'write failed' } };
    expect(levels({ health: { ...facts.health, recorder: failed } })['disk']).toBe('fail');
  });
});

describe('tiles', () => {
  const [channel] = sceneRig(true).channels;
  if (!channel) throw new Error('scene without channels');
  const view = { channel: channel.name, unit: '°C', value: 412.6, status: 'ok', tHostMs: 1000 };
  const at = (now: number, status = 'ok', phase: 'polling' | 'lost' | 'waiting-for-port' = 'polling') =>
    tileState(channel, { ...view, status }, sceneDevice('heater', { phase }), now);

  it('say how old, late, bad and lost in words', () => {
    expect(at(1200)).toMatchObject({ level: 'ok', state: '0.2 s', value: '412.60' });
    expect(at(2400)).toMatchObject({ level: 'warn', state: '1.4 s late' });
    for (const word of ['settling', 'hold', 'calibrating'])
      expect(at(1200, word), word).toMatchObject({ level: 'info' });
    for (const word of ['underrange', 'overload', 'comm_error', 'source_invalid', 'unknown', 'not_yet_named'])
      expect(at(1200, word), word).toMatchObject({ level: 'fail', state: word.replaceAll('_', ' ') });
    expect(at(1200, 'sensor_fail')).toMatchObject({ level: 'fail', state: 'sensor fail' });
    expect(at(1200, 'ok', 'lost')).toMatchObject({ level: 'fail', state: 'disconnected' });
    expect(tileState(channel, undefined, undefined, 0)).toMatchObject({
      level: 'none',
      state: 'no value',
      value: '—',
    });
  });
});

describe('bundle words', () => {
  it('read the three statuses as analysts do', () => {
    const level = (patch: Parameters<typeof sceneBundle>[1]) => bundleReading(sceneBundle(1, patch)).level;
    expect(level({})).toBe('ok');
    expect(level({ run_status: 'aborted' })).toBe('ok');
    expect(level({ run_status: 'crashed' })).toBe('warn');
    expect(level({ integrity_status: 'unknown' })).toBe('idle');
    expect(level({ integrity_status: 'mismatch' })).toBe('fail');
    expect(level({ run_status: 'aborted', bundle_status: 'verification_failed' })).toBe('fail');
  });
  it('say how a run ended where there is a word for it', () => {
    const ended = (exit_reason: string | null) => endedText(sceneBundle(1, { exit_reason }));
    expect(['operator_stop', 'procedure_complete', 'drain_failed[x]: y', null].map(ended)).toEqual([
      'stopped by the operator',
      'ran its full time',
      null,
      null,
    ]);
  });
});

describe('event list', () => {
  it('keeps 5,000 rows with keys of their own and counts the rest', () => {
    const log = new EventLog();
    for (let i = 0; i < 60; i++)
      log.append(Array.from({ length: 100 }, (_, k) => sceneEvent(k + 1, 0, 'x', 'm')));
    expect([log.rows.length, log.dropped, log.rows.at(-1)?.key]).toEqual([EVENT_ROWS_MAX, 1000, 6000]);
    expect(new Set(log.rows.map(({ key }) => key)).size).toBe(EVENT_ROWS_MAX);
  });
  it('draws what is in sight and a little more', () => {
    expect(rowWindow(5, 0, 400)).toEqual({ first: 0, end: 5 });
    const far = rowWindow(5000, 2500 * ROW_PX, 640);
    expect(far.first).toBeLessThan(2500);
    expect(far.end).toBeGreaterThan(2510);
    expect(far.end - far.first).toBeLessThan(120);
    expect([atBottom(100, 400, 500), atBottom(0, 400, 500)]).toEqual([true, false]);
  });
});

import { describe, expect, it } from 'vitest';
import { CommandLane, COMMANDS_MAX } from '../../../src/links/command-lane.ts';
import { PollSchedule } from '../../../src/links/poll-schedule.ts';
import { settle } from './virtual-clock.ts';

function gate() {
  let open: () => void = () => undefined;
  const passed = new Promise<void>((resolve) => (open = resolve));
  return { passed, open };
}

describe('command lane', () => {
  it('never runs two at once; safety goes first, commands before polls', async () => {
    const lane = new CommandLane();
    const order: string[] = [];
    const first = gate();
    const work = (name: string) => async () => {
      order.push(name);
      await settle();
      order.push(`/${name}`);
    };
    const runs = [
      lane.run('poll', async () => {
        order.push('first');
        await first.passed;
      }),
      lane.run('poll', work('poll')),
      lane.run('command', work('c1')),
      lane.run('command', work('c2')),
      lane.run('safety', work('safe')),
    ];
    await settle();
    first.open();
    await Promise.all(runs);
    expect(order).toEqual(['first', 'safe', '/safe', 'c1', '/c1', 'c2', '/c2', 'poll', '/poll']);
  });

  it('refuses the ninth waiting command, never safety', async () => {
    const lane = new CommandLane();
    const first = gate();
    const busy = lane.run('poll', () => first.passed);
    const waiting = Array.from({ length: COMMANDS_MAX }, () => lane.run('command', async () => 1));
    expect(await lane.run('command', async () => 1)).toEqual({ ok: false, error: 'full' });
    expect(lane.refused).toBe(1);
    const safe = lane.run('safety', async () => 2);
    first.open();
    expect(await safe).toEqual({ ok: true, value: 2 });
    await Promise.all([busy, ...waiting]);
    expect(lane.depth).toBe(0);
  });

  it('goes on after work that throws', async () => {
    const lane = new CommandLane();
    await expect(lane.run('command', () => Promise.reject(new Error('broken')))).rejects.toThrow('broken');
    expect(await lane.run('command', async () => 3)).toEqual({ ok: true, value: 3 });
  });
});

describe('poll schedule', () => {
  it('stays on its grid whatever the polls take', () => {
    const schedule = new PollSchedule(10, 1000);
    const due = [schedule.dueMs];
    for (const tookMs of [30, 99, 5]) {
      schedule.advance(schedule.dueMs + tookMs);
      due.push(schedule.dueMs);
    }
    expect(due).toEqual([1000, 1100, 1200, 1300]);
    expect(schedule.missed).toBe(0);
  });

  it('counts the turns that passed and goes on with the newest, still on the grid', () => {
    const schedule = new PollSchedule(10, 0);
    expect(schedule.advance(350)).toBe(2);
    expect(schedule.dueMs).toBe(300);
    expect(schedule.advance(360)).toBe(0);
    expect(schedule.dueMs).toBe(400);
    expect(schedule.missed).toBe(2);
  });

  it('does not drift over a day', () => {
    const schedule = new PollSchedule(3, 0);
    for (let count = 0; count < 3 * 86_400; count += 1) schedule.advance(schedule.dueMs);
    expect(schedule.dueMs).toBeCloseTo(86_400_000, 3);
    expect(schedule.missed).toBe(0);
  });
});

import { describe, expect, it } from 'vitest';
import { AlignedClock } from '../../../src/wire/align.ts';

function world(offsetMs: number) {
  const local = {
    nowMs: 1000,
    hostMs: () => local.nowMs,
    utcMs: () => 0,
    sleep: () => Promise.resolve(),
  };
  const state = { offsetMs, delays: [3, 0.2, 5] };
  let turn = 0;
  const ping = async () => {
    const delay = state.delays[turn++ % state.delays.length] ?? 1;
    local.nowMs += delay / 2;
    const theirs = local.nowMs + state.offsetMs;
    local.nowMs += delay / 2;
    return theirs;
  };
  return { local, state, ping };
}

describe('AlignedClock', () => {
  it('believes the fastest ping and takes the first offset at once', async () => {
    const { local, ping } = world(7);
    const clock = new AlignedClock(local);
    const alignment = await clock.align(ping, 6);
    expect(alignment.offsetMs).toBeCloseTo(7, 6);
    expect(alignment.errorMs).toBeCloseTo(0.1, 6);
    expect(clock.hostMs()).toBeCloseTo(local.nowMs + 7, 6);
  });

  it('slews later corrections and never steps back', async () => {
    const { local, state, ping } = world(7);
    const clock = new AlignedClock(local);
    await clock.align(ping, 3);
    state.offsetMs = 2;
    await clock.align(ping, 3);
    let before = clock.hostMs();
    for (let step = 0; step < 1000; step += 1) {
      local.nowMs += 1;
      const now = clock.hostMs();
      expect(now).toBeGreaterThan(before);
      before = now;
    }
    expect(clock.hostMs() - local.nowMs).toBeCloseTo(6.5, 2);
    local.nowMs += 60_000;
    expect(clock.hostMs() - local.nowMs).toBeCloseTo(2, 6);
  });

  it('keeps aligned until told to stop, also past pings that fail', async () => {
    const { local, state, ping } = world(7);
    const clock = new AlignedClock(local);
    const stop = new AbortController();
    let rounds = 0;
    local.sleep = async () => {
      rounds += 1;
      state.offsetMs = 7 + rounds;
      if (rounds === 4) stop.abort();
    };
    const sometimes = () => (rounds === 2 ? Promise.reject(new Error('busy')) : ping());
    await clock.keepAligned(sometimes, stop.signal);
    expect(clock.alignment?.offsetMs).toBeCloseTo(10, 6);
    expect(clock.alignment?.pings).toBe(10);
    expect(clock.behindMs).toBeGreaterThan(2);
  });
});

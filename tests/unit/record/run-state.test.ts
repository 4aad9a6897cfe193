import { describe, expect, it } from 'vitest';
import { nextRunState, type RunAction, type RunState } from '../../../src/record/run-state.ts';

const outcome = { runStatus: 'aborted', exitReason: 'operator_stop' } as const;
const runId = 'r';
const STATES: readonly RunState[] = [
  { phase: 'idle' },
  { phase: 'preparing', runId: null },
  { phase: 'running', runId, stopWanted: null },
  { phase: 'draining', runId, outcome },
  { phase: 'finalizing', runId, outcome },
  { phase: 'sealed', runId, outcome, rootDigest: 'd' },
  { phase: 'failed', runId, reason: 'x' },
];
const from = (action: RunAction) =>
  STATES.filter((state) => nextRunState(state, action) !== null).map(({ phase }) => phase);

describe('the life of a run', () => {
  it('begins when none is open, or the last one only waits for its seal', () => {
    expect(from({ type: 'start' })).toEqual(['idle', 'finalizing', 'sealed', 'failed']);
    for (const state of STATES)
      expect([null, { phase: 'preparing', runId: null }]).toContainEqual(
        nextRunState(state, { type: 'start' }),
      );
  });

  it('that never opened is none: idle, not failed', () => {
    expect(from({ type: 'not-opened' })).toEqual(['preparing']);
    expect(nextRunState({ phase: 'preparing', runId: null }, { type: 'not-opened' })).toEqual({
      phase: 'idle',
    });
  });

  it('is sealed only while it is finalized', () => {
    expect(from({ type: 'sealed', rootDigest: 'd' })).toEqual(['finalizing']);
  });
});

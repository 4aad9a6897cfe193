import { describe, expect, it } from 'vitest';
import type { StartRequest } from '../../src/wire/messages.ts';
import { ModelBench } from './model/bench.ts';

const REQUEST: StartRequest = {
  sampleId: 'sample',
  operator: { id: 'op', displayName: 'Op' },
  durationS: null,
  armNow: true,
};

describe('a stop right after the start', () => {
  it('leaves no instrument armed for a run that is over', async () => {
    for (let seed = 1; seed <= 20; seed += 1) {
      const bench = new ModelBench(seed);
      await bench.time.runUntil(() => false, 1500);
      bench.recorder.slowUntilMs = bench.time.nowMs + 400;
      bench.control?.start(REQUEST).catch(() => undefined);
      const running = await bench.time.runUntil(() => bench.lastFrame?.run.state.phase === 'running', 5000);
      expect({ seed, running }).toEqual({ seed, running: true });
      bench.control?.stop('operator_stop').catch(() => undefined);
      await bench.time.runUntil(() => bench.disk.runs[0]?.state === 'sealed', 120_000);
      await bench.time.runUntil(() => false, 5000);
      expect({ seed, state: bench.disk.runs[0]?.state }).toEqual({ seed, state: 'sealed' });
      expect(bench.disk.runs[0]?.events.at(-1)?.kind).toBe('run.ended');
      expect({ seed, armed: bench.instruments.map(({ armed }) => armed) }).toEqual({
        seed,
        armed: bench.instruments.map(() => null),
      });
    }
  });
});

import { expect, it } from 'vitest';
import { KIND } from '../../src/record/taxonomy.ts';
import type { StartRequest, StartResult } from '../../src/wire/messages.ts';
import { ModelBench } from './model/bench.ts';

const REQUEST: StartRequest = {
  sampleId: 'sample',
  operator: { id: 'op', displayName: 'Op' },
  durationS: null,
  armNow: true,
};

async function start(bench: ModelBench): Promise<StartResult> {
  let result: StartResult | null = null;
  void bench.control?.start(REQUEST).then((answer) => (result = answer));
  await bench.time.runUntil(() => result !== null, 60_000);
  return result ?? { ok: false, code: 'no_answer', detail: '' };
}

it('a run starts while the one before it is being sealed, and both are whole', async () => {
  let overlapped = 0;
  for (let seed = 1; seed <= 30; seed += 1) {
    const bench = new ModelBench(seed);
    const { disk, time } = bench;
    await time.runUntil(() => false, 1500);
    expect(await start(bench)).toMatchObject({ ok: true });
    await time.runUntil(() => false, 1000);
    bench.control?.stop('operator_stop').catch(() => undefined);
    await time.runUntil(() => bench.lastFrame?.run.state.phase === 'finalizing', 60_000);
    if (disk.runs[0]?.state === 'closed') overlapped += 1;
    expect(await start(bench)).toMatchObject({ ok: true });
    await time.runUntil(() => false, 1500);
    expect({ seed, phase: bench.lastFrame?.run.state.phase }).toEqual({ seed, phase: 'running' });
    expect(disk.runs.map(({ state }) => state)).toEqual(['sealed', 'open']);
    bench.control?.stop('operator_stop').catch(() => undefined);
    await time.runUntil(() => bench.lastFrame?.run.state.phase === 'sealed', 60_000);
    expect(disk.runs.map(({ state, outcome }) => [state, outcome?.runStatus])).toEqual([
      ['sealed', 'aborted'],
      ['sealed', 'aborted'],
    ]);
    for (const run of disk.runs) {
      expect(run.events[0]?.kind).toBe(KIND.runStarted);
      expect(run.events.at(-1)?.kind).toBe(KIND.runEnded);
      expect(run.readings.size).toBe(bench.rig.devices.length);
    }
    expect([...disk.faults, ...bench.faults]).toEqual([]);
  }
  expect(overlapped).toBeGreaterThan(10);
});

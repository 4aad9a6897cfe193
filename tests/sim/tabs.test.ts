import { describe, expect, it } from 'vitest';
import { KIND } from '../../src/record/taxonomy.ts';
import type { StartRequest } from '../../src/wire/messages.ts';
import { ModelBench } from './model/bench.ts';
import { Thread } from './model/virtual-time.ts';

const REQUEST: StartRequest = {
  sampleId: 'sample',
  operator: { id: 'op', displayName: 'Op' },
  durationS: null,
  armNow: true,
};

async function benchAtRest(seed: number): Promise<ModelBench> {
  const bench = new ModelBench(seed);
  await bench.time.runUntil(() => false, 1500);
  return bench;
}

/** The outcome of a call, in virtual time. */
async function answer<T>(bench: ModelBench, call: Promise<T> | undefined): Promise<T> {
  let done: { value: T } | { error: unknown } | null = null;
  call?.then(
    (value) => (done = { value }),
    (error: unknown) => (done = { error }),
  );
  await bench.time.runUntil(() => done !== null, 60_000);
  const settled = done as { value: T } | { error: unknown } | null;
  if (settled === null) throw new Error('no answer');
  if ('error' in settled) throw settled.error;
  return settled.value;
}

const phaseOf = (bench: ModelBench) => bench.lastFrame?.run.state.phase;
const kinds = (bench: ModelBench) => bench.disk.runs[0]?.events.map(({ kind }) => kind) ?? [];

describe('a run by itself', () => {
  it('ends when its duration has passed, and is sealed', async () => {
    const bench = await benchAtRest(5);
    await answer(bench, bench.control?.start({ ...REQUEST, durationS: 3 }));
    await bench.time.runUntil(() => phaseOf(bench) === 'sealed', 10_000);
    expect(bench.disk.runs[0]?.outcome).toEqual({
      runStatus: 'completed',
      exitReason: 'procedure_complete',
    });
    expect(kinds(bench).filter((kind) => kind !== 'device.hiccup')).toEqual([
      KIND.runStarted,
      KIND.freeRunStarted,
      KIND.freeRunEnded,
      KIND.runEnded,
    ]);
  });

  it('refuses a second start, and takes a note only once it is recorded', async () => {
    const bench = await benchAtRest(6);
    await answer(bench, bench.control?.start(REQUEST));
    expect(await answer(bench, bench.control?.start(REQUEST))).toMatchObject({ ok: false, code: 'run_open' });
    await answer(bench, bench.control?.note('smoke', 'op'));
    expect(bench.disk.runs[0]?.events.at(-1)).toMatchObject({ kind: KIND.note, message: 'smoke' });
  });

  it('says so when there is no recorder', async () => {
    const bench = await benchAtRest(7);
    bench.recorder.thread.die();
    await bench.time.runUntil(() => false, 200);
    expect(await answer(bench, bench.control?.start(REQUEST))).toMatchObject({ code: 'no_recorder' });
    expect(phaseOf(bench)).toBe('idle');
  });
});

describe('tabs', () => {
  it('lets an observer watch and nothing else', async () => {
    const bench = await benchAtRest(8);
    const tab = bench.openTab(new Thread('tab', bench.time), false);
    await expect(answer(bench, tab.start(REQUEST))).rejects.toMatchObject({ code: 'observer' });
    await expect(answer(bench, tab.stop('operator_stop'))).rejects.toMatchObject({ code: 'observer' });
    expect(await answer(bench, tab.snapshot())).toMatchObject({ owner: false, refusal: null });
  });

  it('hands the run to an observer that becomes owner, and says so in the record', async () => {
    const bench = await benchAtRest(9);
    await answer(bench, bench.control?.start(REQUEST));
    const thread = new Thread('tab', bench.time);
    bench.openTab(thread, false);
    await bench.time.runUntil(() => false, 1000);
    bench.page.die();
    await bench.time.runUntil(() => false, 500);
    const tab = bench.openTab(thread, true);
    await answer(bench, tab.note('mine now', 'op'));
    expect(kinds(bench)).toContain(KIND.ownerChanged);
  });

  it('keeps a page of another build an observer while a run is open, and makes room when none is', async () => {
    const bench = await benchAtRest(10);
    await answer(bench, bench.control?.start({ ...REQUEST, durationS: 2 }));
    const tab = bench.openTab(new Thread('newer', bench.time), true, 'newer');
    const snapshot = await answer(bench, tab.snapshot());
    expect(snapshot.owner).toBe(false);
    expect(snapshot.refusal?.detail).toBe('a run is held by build build; this page is build newer');
    await bench.time.runUntil(() => phaseOf(bench) === 'sealed', 10_000);
    bench.openTab(new Thread('newest', bench.time), true, 'newer');
    await bench.time.runUntil(() => false, 1000);
    expect(bench.conductorThread.alive).toBe(false);
  });

  it('ends itself after 30 s without pages, but never during a run', async () => {
    const bench = await benchAtRest(11);
    await answer(bench, bench.control?.start(REQUEST));
    bench.page.die();
    await bench.time.runUntil(() => false, 60_000);
    expect(bench.conductorThread.alive).toBe(true);
    const idle = await benchAtRest(12);
    idle.page.die();
    await idle.time.runUntil(() => false, 35_000);
    expect(idle.conductorThread.alive).toBe(false);
  });
});

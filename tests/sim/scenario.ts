import { KIND } from '../../src/record/taxonomy.ts';
import { ModelBench } from './model/bench.ts';

export interface Outcome {
  readonly problems: readonly string[];
  readonly log: readonly string[];
  readonly phase: string;
  readonly recorded: number;
}

const FAULTS = [
  'reloadPage',
  'killConductor',
  'killRecorder',
  'killInstrument',
  'slowRecorder',
  'blockPage',
] as const;

/** One run from start to seal with faults thrown in; returns what broke the rules, if anything. */
export async function play(seed: number, faultsMax = 4): Promise<Outcome> {
  const bench = new ModelBench(seed);
  const { dice, time } = bench;
  const problems: string[] = [];
  await time.runUntil(() => bench.instruments.length === bench.rig.devices.length, 2000);
  await time.runUntil(() => false, 600);
  const started = await startRun(bench);
  if (!started.ok) return outcome(bench, [`not started: ${started.code} ${started.detail}`]);
  const lastsMs = dice.between(1500, 5000);
  const faults = Array.from({ length: dice.integer(0, faultsMax) }, () => ({
    atMs: dice.between(0, lastsMs + 600),
    fault: dice.pick(FAULTS),
  }));
  for (const { atMs, fault } of faults) time.after(atMs, () => bench[fault]());
  await time.runUntil(() => false, lastsMs);
  bench.say('stop');
  askToStop(bench);
  const over = await time.runUntil(() => isOver(bench), 200_000);
  if (!over) problems.push(`stuck: ${JSON.stringify(bench.lastFrame?.run.state)}`);
  await time.runUntil(() => false, 2000);
  return outcome(bench, [...problems, ...check(bench)]);
}

async function startRun(bench: ModelBench) {
  let result: { ok: true } | { ok: false; code: string; detail: string } | null = null;
  const request = {
    sampleId: 'sample',
    operator: { id: 'op', displayName: 'Op' },
    durationS: null,
    armNow: true,
  };
  bench.control?.start(request).then(
    (answer) => (result = answer),
    (error: unknown) => (result = { ok: false, code: 'threw', detail: String(error) }),
  );
  await bench.time.runUntil(() => result !== null, 60_000);
  return result ?? { ok: false as const, code: 'no_answer', detail: '' };
}

/** The operator presses until it is heard: a conductor that died took the first press with it. */
function askToStop(bench: ModelBench): void {
  if (isOver(bench)) return;
  bench.control?.stop('operator_stop').catch(() => undefined);
  bench.time.after(500, () => askToStop(bench));
}

function isOver(bench: ModelBench): boolean {
  const phase = bench.lastFrame?.run.state.phase;
  const [run] = bench.disk.runs;
  return run?.state === 'sealed' && (phase === 'sealed' || phase === 'failed' || phase === 'idle');
}

function check(bench: ModelBench): string[] {
  const [run, ...others] = bench.disk.runs;
  if (run === undefined) return ['nothing on disk'];
  const problems = [
    ...bench.faults,
    ...bench.disk.faults,
    ...bench.instruments.flatMap(({ faults }) => faults),
  ];
  if (others.length > 0) problems.push(`${others.length} runs too many`);
  for (const { outbox, resource } of bench.instruments) {
    for (const [key, last] of run.lanes) {
      const [producer = '', lane] = key.split(' ');
      const acked = outbox.kept.ackedUpTo(producer, lane as 'data');
      if (acked > last) problems.push(`${resource}: ${key} acknowledged to ${acked}, recorded to ${last}`);
    }
    const { enqueued, delivered, dropped, depth } = outbox.counters();
    if (enqueued !== delivered + dropped + depth) problems.push(`${resource}: counters do not conserve`);
  }
  if (run.outcome?.runStatus === 'aborted') problems.push(...checkComplete(bench));
  else if (!bench.crashAllowed) problems.push(`ended as ${JSON.stringify(run.outcome)}`);
  return problems;
}

/** A run that was stopped in order: everything that was emitted is there. */
function checkComplete(bench: ModelBench): string[] {
  const [run] = bench.disk.runs;
  if (run === undefined) return [];
  const problems: string[] = [];
  for (const { upTo, resource } of bench.instruments)
    for (const { producer, lane, upTo: last } of upTo ?? []) {
      const recorded = run.lanes.get(`${producer} ${lane}`) ?? 0;
      if (recorded !== last)
        problems.push(`${resource}: ${producer} ${lane} emitted ${last}, recorded ${recorded}`);
    }
  if (run.events[0]?.kind !== KIND.runStarted) problems.push(`first event is ${run.events[0]?.kind}`);
  if (run.events.at(-1)?.kind !== KIND.runEnded) problems.push(`last event is ${run.events.at(-1)?.kind}`);
  if (bench.conductorDeaths > 0) return problems;
  for (const [device, epochs] of run.readings) {
    const gaps = run.events.filter(
      ({ kind, metadata }) => kind === KIND.gap && metadata?.['device'] === device,
    );
    if (gaps.length !== epochs.length - 1)
      problems.push(`${device}: ${epochs.length} epochs with readings, ${gaps.length} gaps told`);
  }
  return problems;
}

function outcome(bench: ModelBench, problems: readonly string[]): Outcome {
  const lanes = bench.disk.runs[0]?.lanes.values() ?? [];
  const recorded = [...lanes].reduce((sum, last) => sum + last, 0);
  return { problems, log: bench.log, phase: bench.lastFrame?.run.state.phase ?? 'none', recorded };
}

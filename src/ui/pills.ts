import { isRunOpen, type RunState } from '../record/run-state.ts';
import type { ConductorHealth } from '../wire/messages.ts';
import { words } from './words/words.ts';

export type PillLevel = 'ok' | 'warn' | 'fail' | 'idle';

export interface Pill {
  readonly key: string;
  readonly label: string;
  readonly text: string;
  readonly level: PillLevel;
  readonly why: string;
}

/** Storage the page counts with, bytes; null = not known yet. */
export interface StorageBudget {
  readonly budgetBytes: number;
}

export interface PillFacts {
  readonly health: ConductorHealth;
  readonly evictions: number;
  readonly budget: StorageBudget | null;
  readonly operatorId: string;
  readonly run: RunState;
}

const SATURATION_DEADLINE_MS = 10_000;
const LOOP_WARN_MS = 50;

export function phaseWord(run: RunState): string {
  if (run.phase === 'running' && run.stopWanted) return words.phase.stopping;
  return words.phase[run.phase];
}

export function phaseLevel(run: RunState): PillLevel {
  switch (run.phase) {
    case 'idle':
      return 'idle';
    case 'running':
      return run.stopWanted ? 'warn' : 'ok';
    case 'sealed':
      return 'ok';
    case 'failed':
      return 'fail';
    case 'preparing':
    case 'draining':
    case 'finalizing':
      return 'warn';
  }
}

/** Pills after state and elapsed, in the order of `spec/capa.md` §4.6, with its colour rules. */
export function pills(facts: PillFacts): readonly Pill[] {
  const bar = words.bar;
  const { health } = facts;
  const plain = (key: string, label: string, text: string, why: string): Pill => ({
    key,
    label,
    text,
    level: 'idle',
    why,
  });
  return [
    plain('ui', bar.uiOverflow, String(facts.evictions + health.mirrorDropped), bar.why.uiOverflow),
    saturationPill(health.worstBlockedMs),
    {
      key: 'loop',
      label: bar.loop,
      text: bar.lag(health.loopLagP99Ms.toFixed(health.loopLagP99Ms < 10 ? 1 : 0)),
      level: level(health.loopLagP99Ms, LOOP_WARN_MS, 4 * LOOP_WARN_MS),
      why: bar.why.loop,
    },
    plain('q', bar.q, `${health.queueDepth}/${health.queueDepthMax}`, bar.why.q),
    plain('safety', bar.safety, '0', bar.why.safety),
    diskPill(health, facts.budget),
    plain('cam', bar.cam, bar.notAvailable, bar.why.cam),
    {
      key: 'op',
      label: bar.op,
      text: facts.operatorId || bar.none,
      level: facts.operatorId === '' ? 'warn' : 'idle',
      why: bar.why.op,
    },
    plain('bundle', bar.bundle, bundleText(facts.run), bar.why.bundle),
  ];
}

function level(value: number, warn: number, bad: number): PillLevel {
  return value >= bad ? 'fail' : value >= warn ? 'warn' : 'ok';
}

function saturationPill(worstBlockedMs: number): Pill {
  const bar = words.bar;
  const share = worstBlockedMs / SATURATION_DEADLINE_MS;
  return {
    key: 'sat',
    label: bar.sat,
    text: worstBlockedMs > 0 ? bar.blocked(`${(worstBlockedMs / 1000).toFixed(1)} s`) : bar.ok,
    level: level(share, 0.25, 0.5),
    why: bar.why.sat,
  };
}

/** Budget minus our slots (`design.md` §7): a browser cannot see the disk. A failed write is always red. */
function diskPill(health: ConductorHealth, budget: StorageBudget | null): Pill {
  const bar = words.bar;
  const base = { key: 'disk', label: bar.disk, why: bar.why.disk };
  if (health.recorder?.error)
    return { ...base, text: health.recorder.error.code, level: 'fail', why: health.recorder.error.detail };
  if (!health.recorder || !budget || budget.budgetBytes <= 0)
    return { ...base, text: bar.none, level: 'idle' };
  const free = Math.max(0, 1 - health.recorder.slotBytes / budget.budgetBytes);
  return {
    ...base,
    text: `${Math.floor(free * 100)} %`,
    level: free < 0.05 ? 'fail' : free < 0.15 ? 'warn' : 'ok',
  };
}

function bundleText(run: RunState): string {
  if (isRunOpen(run) || run.phase === 'idle') return words.bar.none;
  return ('runId' in run ? run.runId : null) ?? words.bar.none;
}

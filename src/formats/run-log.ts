import type { Json } from '../record/event.ts';
import type { LogLevel } from '../record/item.ts';
import { jsonLine, type JsonText } from './json-text.ts';

/** What every line of a run's log carries besides its own facts (seed 1, "stable fields"). */
export interface LogContext {
  readonly runId: string;
  readonly operatorId: string;
  readonly procedureId: string;
}

export interface LogLine {
  /** ISO-8601 UTC, wall clock. */
  readonly timestamp: string;
  readonly level: LogLevel;
  readonly event: string;
  readonly fields: { readonly [key: string]: Json };
}

const STABLE = [
  'timestamp',
  'level',
  'event',
  'run_id',
  'operator_id',
  'procedure_id',
  'step_id',
  'resource_id',
];

/**
 * One line of `run.log`, final newline included: the seed's keys first and in this order, then the rest as the call
 * site gave it. A free field named like a stable key keeps its own value where the context has none.
 */
export function formatRunLogLine(line: LogLine, context: LogContext, tMonoNs: number): string {
  const stable: Record<string, JsonText | undefined> = {
    timestamp: line.timestamp,
    level: line.level,
    event: line.event,
    run_id: context.runId,
    operator_id: context.operatorId,
    procedure_id: context.procedureId,
    step_id: line.fields['step_id'],
    resource_id: line.fields['resource_id'],
  };
  const free: Record<string, JsonText> = {};
  for (const [key, value] of Object.entries(line.fields)) if (!STABLE.includes(key)) free[key] = value;
  return `${jsonLine({ ...stable, t_mono_ns: tMonoNs, ...free })}\n`;
}

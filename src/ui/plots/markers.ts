import type { RunZero } from '../../record/clock.ts';
import type { Severity } from '../../record/event.ts';
import { KIND } from '../../record/taxonomy.ts';
import type { EventRow } from '../event-log.ts';

export interface Marker {
  readonly hostMs: number;
  readonly severity: Severity;
}

const MARKERS_MAX = 200;

/** Events of the run that began at `zero`, newest 200: ids and times begin again with each run. */
export function markersOf(rows: readonly EventRow[], zero: RunZero | null): readonly Marker[] {
  if (!zero) return [];
  const found: Marker[] = [];
  for (let i = rows.length - 1; i >= 0 && found.length < MARKERS_MAX; i--) {
    const row = rows[i];
    if (!row) break;
    const { event } = row;
    if (event.scope !== 'run') continue;
    found.push({ hostMs: zero.hostMs + event.tMonoNs / 1e6, severity: event.severity });
    if (event.kind === KIND.runStarted) break;
  }
  return found;
}

import { isoUtc, tMonoNs } from '../../record/clock.ts';
import type { RunZero } from '../../record/clock.ts';
import type { RecordedEvent, RunEvent } from '../../record/event.ts';
import type { EventRow } from './schema.ts';

/**
 * Text that reads back as it was stored: SQLite ends a text at NUL, and half a surrogate pair is no UTF-8. Either would
 * break the chain, which is over the stored value.
 */
function storable(text: string): string {
  return text.replaceAll('\0', '\u2400').replaceAll(/\p{Surrogate}/gu, '\ufffd');
}

/** The row an event becomes. Empty metadata is NULL (`spec/capa.md` §2.1). */
export function eventRow(id: number, event: RunEvent, zero: RunZero): EventRow {
  const { metadata } = event;
  const isEmpty = metadata === undefined || Object.keys(metadata).length === 0;
  return {
    id,
    t_mono_ns: tMonoNs(event.tHostMs, zero),
    t_utc: isoUtc(event.tUtcMs),
    kind: storable(event.kind),
    severity: event.severity,
    source: storable(event.source),
    message: storable(event.message),
    metadata_json: isEmpty ? null : JSON.stringify(metadata),
  };
}

/** Values of `EVENT_INSERT`, in order. */
export function eventParameters(row: EventRow): (number | string | null)[] {
  return [
    row.id,
    row.t_mono_ns,
    row.t_utc,
    row.kind,
    row.severity,
    row.source,
    row.message,
    row.metadata_json,
  ];
}

export function recordedEvent(row: EventRow, severity: RunEvent['severity']): RecordedEvent {
  return {
    id: row.id,
    tMonoNs: row.t_mono_ns,
    tUtc: row.t_utc,
    kind: row.kind,
    severity,
    source: row.source,
    message: row.message,
    metadataJson: row.metadata_json,
  };
}

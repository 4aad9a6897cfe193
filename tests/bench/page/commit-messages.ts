/** One measurement: events for `seconds`, `batch` to a transaction. */
export interface CommitBench {
  readonly seconds: number;
  readonly batch: number;
}
export type CommitResult =
  | { readonly ok: true; readonly eventsPerS: number; readonly journalMode: string; readonly rows: number }
  | { readonly ok: false; readonly error: string };

/** The seed's table, and one event of ordinary size. */
export const CREATE_EVENTS = `CREATE TABLE events (
  id INTEGER PRIMARY KEY AUTOINCREMENT, t_mono_ns INTEGER NOT NULL, t_utc TEXT NOT NULL, kind TEXT NOT NULL,
  severity TEXT NOT NULL, source TEXT NOT NULL, message TEXT NOT NULL, metadata_json TEXT);
CREATE INDEX idx_events_t_mono_ns ON events (t_mono_ns);
CREATE INDEX idx_events_kind ON events (kind);`;
export const INSERT_EVENT =
  'INSERT INTO events (t_mono_ns, t_utc, kind, severity, source, message, metadata_json) VALUES (?, ?, ?, ?, ?, ?, ?)';

export function eventValues(index: number): [number, string, string, string, string, string, string] {
  return [
    index * 1_000_000_007,
    new Date(1.8e12 + index).toISOString(),
    'set_setpoint',
    'info',
    'alicat:flow',
    `set point ${index} accepted`,
    JSON.stringify({
      command_id: `c-${index}`,
      asked: { value: index / 7 },
      sent: { value: index / 7 },
      issued_by: 'gb',
    }),
  ];
}

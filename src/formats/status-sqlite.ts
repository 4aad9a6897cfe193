import type { Health } from '../record/item.ts';

/** `status.sqlite` (`spec/capa.md` §2.3). */
export const STATUS_SCHEMA = [
  `CREATE TABLE status (
    id          INTEGER PRIMARY KEY AUTOINCREMENT,
    adapter     TEXT    NOT NULL,
    device      TEXT    NOT NULL,
    t_mono_ns   INTEGER NOT NULL,
    t_utc       TEXT    NOT NULL,
    health      TEXT    NOT NULL,
    fields_json TEXT    NOT NULL
)`,
  'CREATE INDEX idx_status_device ON status (adapter, device, t_mono_ns)',
] as const;

export const STATUS_INSERT =
  'INSERT INTO status (adapter, device, t_mono_ns, t_utc, health, fields_json) VALUES (?, ?, ?, ?, ?, ?)';

export interface StatusRow {
  readonly adapter: string;
  readonly device: string;
  readonly tMonoNs: number;
  readonly tUtc: string;
  readonly health: Health;
  readonly fieldsJson: string;
}

/** Parameters of `STATUS_INSERT`, in order. */
export function statusParameters(row: StatusRow): readonly (string | number)[] {
  return [row.adapter, row.device, row.tMonoNs, row.tUtc, row.health, row.fieldsJson];
}

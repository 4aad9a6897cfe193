/** The seed's table and indexes, word for word: analysts' scripts depend on them. */
const EVENTS = `CREATE TABLE events (
    id            INTEGER PRIMARY KEY AUTOINCREMENT,
    t_mono_ns     INTEGER NOT NULL,    -- monotonic ns since run start (join key)
    t_utc         TEXT    NOT NULL,    -- ISO-8601 UTC wall clock
    kind          TEXT    NOT NULL,    -- dotted enum (see taxonomy below)
    severity      TEXT    NOT NULL,    -- 'info' | 'warning' | 'error'
    source        TEXT    NOT NULL,    -- 'watlow:heater', 'procedure:capa.recipe_runner', ...
    message       TEXT    NOT NULL,    -- free-form one-liner
    metadata_json TEXT                 -- JSON-encoded open set
);
CREATE INDEX idx_events_t_mono_ns ON events (t_mono_ns);
CREATE INDEX idx_events_kind      ON events (kind);`;

/** `hash` is lower-case hex of the chain up to and with this event (`chain.ts`). */
const EVENT_PROOF = `CREATE TABLE event_proof (
    event_id INTEGER PRIMARY KEY REFERENCES events (id),
    producer TEXT    NOT NULL,
    seq      INTEGER NOT NULL,
    hash     TEXT    NOT NULL,
    UNIQUE (producer, seq)
);`;

/** `spec/dam-quire-capsule.md` §2.3, §8.2. Rows are filled by a later formatter; the shape is fixed now. */
const JOBS = `CREATE TABLE jobs (
    run_id         TEXT    NOT NULL,
    job_id         TEXT    NOT NULL,
    state          TEXT    NOT NULL CHECK (state IN ('active', 'succeeded', 'failed', 'skipped')),
    exit_code      INTEGER,
    started_at_ms  INTEGER,
    finished_at_ms INTEGER,
    PRIMARY KEY (run_id, job_id)
);`;

const EXCHANGE = `CREATE TABLE exchange (
    run_id          TEXT    NOT NULL,
    job_id          TEXT    NOT NULL,
    n               INTEGER NOT NULL,
    port_id         TEXT    NOT NULL,
    device_id       TEXT    NOT NULL,
    started_at_ms   INTEGER NOT NULL,
    finished_at_ms  INTEGER NOT NULL,
    t_mono_start_ns INTEGER NOT NULL,
    t_mono_end_ns   INTEGER NOT NULL,
    exit_code       INTEGER NOT NULL,
    termination     TEXT    NOT NULL,
    cmd             TEXT    NOT NULL,
    attempt         INTEGER NOT NULL DEFAULT 1,
    tx_bytes        INTEGER NOT NULL,
    rx_bytes        INTEGER NOT NULL,
    log_path        TEXT,
    log_offset      INTEGER,
    trace_id        TEXT,
    span_id         TEXT,
    PRIMARY KEY (run_id, job_id, n)
);`;

const SH_EVENTS = `CREATE VIEW sh_events AS
    SELECT run_id, job_id, started_at_ms, finished_at_ms, exit_code, cmd FROM exchange;`;

const BASE = [EVENTS, EVENT_PROOF, JOBS, EXCHANGE, SH_EVENTS].join('\n');

/** Log lines outside runs, by day; numbered lanes like everything else. */
const KIOSK_LOG = `CREATE TABLE log (
    id          INTEGER PRIMARY KEY AUTOINCREMENT,
    t_utc_ms    INTEGER NOT NULL,
    t_utc       TEXT    NOT NULL,
    level       TEXT    NOT NULL,
    event       TEXT    NOT NULL,
    fields_json TEXT    NOT NULL,
    producer    TEXT    NOT NULL,
    seq         INTEGER NOT NULL,
    UNIQUE (producer, seq)
);
CREATE INDEX idx_log_t_utc_ms ON log (t_utc_ms);`;

export interface Migration {
  readonly version: number;
  readonly name: string;
  readonly sql: string;
}

/** Append-only: a shipped migration is never edited (a test pins their digests). */
export const EVENTS_MIGRATIONS: readonly Migration[] = [{ version: 1, name: 'events', sql: BASE }];
export const KIOSK_MIGRATIONS: readonly Migration[] = [
  { version: 1, name: 'events', sql: BASE },
  { version: 2, name: 'log', sql: KIOSK_LOG },
];

export const MIGRATION_TABLE = `CREATE TABLE IF NOT EXISTS schema_migrations (
    version     INTEGER PRIMARY KEY,
    name        TEXT NOT NULL,
    sha256      TEXT NOT NULL,
    applied_at  TEXT NOT NULL,
    app_version TEXT NOT NULL
);`;

/** Columns of `events` in table order, as `chain.ts` hashes them and `EVENT_INSERT` takes them. */
export interface EventRow {
  readonly id: number;
  readonly t_mono_ns: number;
  readonly t_utc: string;
  readonly kind: string;
  readonly severity: string;
  readonly source: string;
  readonly message: string;
  readonly metadata_json: string | null;
}

export const EVENT_INSERT =
  'INSERT INTO events (id, t_mono_ns, t_utc, kind, severity, source, message, metadata_json) VALUES (?, ?, ?, ?, ?, ?, ?, ?)';
export const PROOF_INSERT = 'INSERT INTO event_proof (event_id, producer, seq, hash) VALUES (?, ?, ?, ?)';

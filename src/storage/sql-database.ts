/** What code outside the engine knows of a database: no engine's names here. */
export type SqlValue = number | bigint | string | Uint8Array | null;
export type SqlRow = { readonly [column: string]: SqlValue };

export interface SqlTransaction {
  run(sql: string, parameters?: readonly SqlValue[]): Promise<void>;
  all(sql: string, parameters?: readonly SqlValue[]): Promise<SqlRow[]>;
}

/** One connection. Calls are carried out one after the other, in order of asking; a failed one rejects alone. */
export interface SqlDatabase extends SqlTransaction {
  /** Statements without parameters, `;`-separated. */
  exec(sql: string): Promise<void>;
  /** BEGIN IMMEDIATE … COMMIT; ROLLBACK when `work` throws. Resolved = committed. */
  transaction<T>(work: (tx: SqlTransaction) => Promise<T>): Promise<T>;
  /** Finishes what is queued, then closes. */
  close(): Promise<void>;
}

/** Databases by file name in one pool (or in memory). */
export interface SqlEngine {
  /** Opens or makes. In the pool: locking EXCLUSIVE, journal WAL, synchronous FULL, all asserted. */
  open(name: string): Promise<SqlDatabase>;
  exists(name: string): boolean;
  /** The database file as SQLite wrote it; close it first. */
  contentOf(name: string): Promise<Blob>;
  /** Removes a closed database with its WAL and journal. */
  remove(name: string): void;
  close(): Promise<void>;
}

import { DuckDBConnection } from '@duckdb/node-api';
import type { SqlRow } from './sqlite-program.ts';

export type DuckRow = Record<string, unknown>;

/** An in-memory DuckDB with the rows of `events.sqlite` as its table `events`. */
export class DuckDb {
  private readonly connection: DuckDBConnection;
  private constructor(connection: DuckDBConnection) {
    this.connection = connection;
  }

  static async open(events: readonly SqlRow[]): Promise<DuckDb> {
    const connection = await DuckDBConnection.create();
    await connection.run(
      'CREATE TABLE events (id BIGINT, t_mono_ns BIGINT, t_utc VARCHAR, kind VARCHAR, severity VARCHAR, source VARCHAR, message VARCHAR, metadata_json VARCHAR)',
    );
    const appender = await connection.createAppender('events');
    for (const row of events) {
      appender.appendBigInt(BigInt(row['id'] ?? 0));
      appender.appendBigInt(BigInt(row['t_mono_ns'] ?? 0));
      for (const column of ['t_utc', 'kind', 'severity', 'source', 'message', 'metadata_json']) {
        const value = row[column] ?? null;
        if (value === null) appender.appendNull();
        else appender.appendVarchar(String(value));
      }
      appender.endRow();
    }
    appender.closeSync();
    return new DuckDb(connection);
  }

  /** 64-bit integers come as bigint. */
  async rows(query: string): Promise<DuckRow[]> {
    const result = await this.connection.runAndReadAll(query);
    return result.getRowObjects();
  }

  close(): void {
    this.connection.closeSync();
  }
}

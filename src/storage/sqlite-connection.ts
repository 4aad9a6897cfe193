import type { SqlDatabase, SqlRow, SqlTransaction, SqlValue } from './sql-database.ts';

/** The calls of the engine's API used here; `sqlite-engine.ts` hands them in. */
export interface SqliteApi {
  exec(db: number, sql: string): Promise<number>;
  statements(db: number, sql: string, options: { unscoped: boolean }): AsyncIterable<number>;
  bind(statement: number, index: number, value: SqlValue): number;
  step(statement: number): Promise<number>;
  reset(statement: number): Promise<number>;
  finalize(statement: number): Promise<number>;
  column_names(statement: number): string[];
  row(statement: number): SqlValue[];
  close(db: number): Promise<number>;
}

const SQLITE_ROW = 100;
const INT32 = 2 ** 31;
/** Distinct statements kept prepared; our own SQL only, so a larger number is a bug. */
const STATEMENTS_MAX = 100;

/** One connection with prepared statements and an order of work. */
export class SqliteConnection implements SqlDatabase {
  readonly #api: SqliteApi;
  readonly #db: number;
  readonly #statements = new Map<string, number>();
  #queue: Promise<unknown> = Promise.resolve();

  constructor(api: SqliteApi, db: number) {
    this.#api = api;
    this.#db = db;
  }

  exec(sql: string): Promise<void> {
    return this.#inOrder(async () => {
      await this.#api.exec(this.#db, sql);
    });
  }

  run(sql: string, parameters: readonly SqlValue[] = []): Promise<void> {
    return this.#inOrder(() => this.#run(sql, parameters));
  }

  all(sql: string, parameters: readonly SqlValue[] = []): Promise<SqlRow[]> {
    return this.#inOrder(() => this.#all(sql, parameters));
  }

  transaction<T>(work: (tx: SqlTransaction) => Promise<T>): Promise<T> {
    const inside: SqlTransaction = {
      run: (sql, parameters = []) => this.#run(sql, parameters),
      all: (sql, parameters = []) => this.#all(sql, parameters),
    };
    return this.#inOrder(async () => {
      // Prepared once: parsing BEGIN and COMMIT anew costs a tenth of a single-event commit.
      await this.#run('BEGIN IMMEDIATE', []);
      try {
        const result = await work(inside);
        await this.#run('COMMIT', []);
        return result;
      } catch (error) {
        // A failed COMMIT may have ended the transaction already; then there is nothing to roll back.
        await this.#api.exec(this.#db, 'ROLLBACK').catch(() => undefined);
        throw error;
      }
    });
  }

  close(): Promise<void> {
    return this.#inOrder(async () => {
      for (const statement of this.#statements.values()) await this.#api.finalize(statement);
      this.#statements.clear();
      await this.#api.close(this.#db);
    });
  }

  #inOrder<T>(work: () => Promise<T>): Promise<T> {
    const result = this.#queue.then(work);
    this.#queue = result.catch(() => undefined);
    return result;
  }

  async #run(sql: string, parameters: readonly SqlValue[]): Promise<void> {
    const statement = await this.#bound(sql, parameters);
    try {
      while ((await this.#api.step(statement)) === SQLITE_ROW);
    } finally {
      await this.#api.reset(statement);
    }
  }

  async #all(sql: string, parameters: readonly SqlValue[]): Promise<SqlRow[]> {
    const statement = await this.#bound(sql, parameters);
    const rows: SqlRow[] = [];
    try {
      const names = this.#api.column_names(statement);
      while ((await this.#api.step(statement)) === SQLITE_ROW) {
        const values = this.#api.row(statement);
        rows.push(Object.fromEntries(names.map((name, index) => [name, copied(values[index] ?? null)])));
      }
    } finally {
      await this.#api.reset(statement);
    }
    return rows;
  }

  async #bound(sql: string, parameters: readonly SqlValue[]): Promise<number> {
    const statement = this.#statements.get(sql) ?? (await this.#prepare(sql));
    parameters.forEach((value, index) => this.#api.bind(statement, index + 1, exact(value)));
    return statement;
  }

  async #prepare(sql: string): Promise<number> {
    if (this.#statements.size >= STATEMENTS_MAX)
      throw new Error(`more than ${STATEMENTS_MAX} distinct statements`);
    for await (const statement of this.#api.statements(this.#db, sql, { unscoped: true })) {
      this.#statements.set(sql, statement);
      return statement;
    }
    throw new Error(`no statement in: ${sql}`);
  }
}

/** The engine binds numbers beyond int32 as REAL; whole ones must go as integers. */
function exact(value: SqlValue): SqlValue {
  return typeof value === 'number' && Number.isSafeInteger(value) && (value < -INT32 || value >= INT32)
    ? BigInt(value)
    : value;
}

/** Blobs of the engine are views of its heap. */
function copied(value: SqlValue): SqlValue {
  return value instanceof Uint8Array ? value.slice() : value;
}

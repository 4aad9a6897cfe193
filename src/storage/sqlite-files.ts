import {
  Factory,
  SQLITE_OPEN_CREATE,
  SQLITE_OPEN_READONLY,
  SQLITE_OPEN_READWRITE,
  SQLITE_ROW,
} from '@journeyapps/wa-sqlite';
import { SyncFileVfs } from './sync-file-vfs.ts';
import type { SyncFile } from './sync-file.ts';

export type SqlValue = string | number | bigint | Uint8Array | null;

const VFS_NAME = 'benchseal-files';

/**
 * SQLite on single files (`SyncFileVfs`). `module` is the instantiated synchronous wa-sqlite build; integers come back
 * as numbers while they are safe, else as bigint.
 */
export class SqliteFiles {
  readonly #api: SQLiteAPI;
  readonly #vfs: SyncFileVfs;
  #opened = 0;

  constructor(module: object) {
    this.#api = Factory(module);
    this.#vfs = new SyncFileVfs(VFS_NAME, module);
    this.#api.vfs_register(this.#vfs, false);
  }

  /** A finished database, read only. */
  async openReadOnly(file: SyncFile): Promise<SqliteFile> {
    return this.#open(file, SQLITE_OPEN_READONLY);
  }

  /**
   * A new database in an empty file, written once: no journal, because a half-made file is thrown away. The same
   * statements give the same bytes.
   */
  async create(file: SyncFile): Promise<SqliteFile> {
    if (file.getSize() !== 0)
      throw new Error(`a new database is asked for in a file of ${file.getSize()} bytes`);
    const database = await this.#open(file, SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE);
    for (const pragma of ['journal_mode=OFF', 'synchronous=OFF', 'locking_mode=EXCLUSIVE', 'page_size=4096'])
      await database.run(`PRAGMA ${pragma}`);
    return database;
  }

  async #open(file: SyncFile, flags: number): Promise<SqliteFile> {
    this.#opened += 1;
    const name = `file-${this.#opened}`;
    this.#vfs.lend(name, file);
    const handle = await this.#api.open_v2(name, flags, VFS_NAME);
    const close = async () => {
      await this.#api.close(handle);
      this.#vfs.takeBack(name);
    };
    return new SqliteFile(this.#api, handle, close);
  }
}

export class SqliteFile {
  readonly #api: SQLiteAPI;
  readonly #handle: number;
  readonly close: () => Promise<void>;

  constructor(api: SQLiteAPI, handle: number, close: () => Promise<void>) {
    this.#api = api;
    this.#handle = handle;
    this.close = close;
  }

  /** Every row of the last statement, each as it comes. */
  async *rows(sql: string, parameters: readonly SqlValue[] = []): AsyncGenerator<SqlValue[], void, void> {
    for await (const statement of this.#api.statements(this.#handle, sql)) {
      if (parameters.length > 0) this.#api.bind_collection(statement, [...parameters]);
      while ((await this.#api.step(statement)) === SQLITE_ROW)
        yield this.#api.row(statement).map((value) => toSqlValue(value));
    }
  }

  async run(sql: string): Promise<void> {
    for await (const row of this.rows(sql)) void row;
  }

  /** One statement over many rows, in one transaction. */
  async insertAll(sql: string, rows: readonly (readonly SqlValue[])[]): Promise<void> {
    await this.run('BEGIN');
    for await (const statement of this.#api.statements(this.#handle, sql)) {
      for (const row of rows) {
        this.#api.bind_collection(statement, [...row]);
        await this.#api.step(statement);
        await this.#api.reset(statement);
      }
    }
    await this.run('COMMIT');
  }
}

function toSqlValue(value: unknown): SqlValue {
  if (value === null || typeof value === 'string' || typeof value === 'number' || typeof value === 'bigint')
    return value;
  // Blobs are views of WASM memory: a copy outlives the next step.
  if (value instanceof Uint8Array) return value.slice();
  throw new Error(`SQLite gave a value of type ${typeof value}`);
}

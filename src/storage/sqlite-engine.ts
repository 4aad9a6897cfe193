/**
 * Only this file, `sqlite-pool.ts` and `sqlite-memory.ts` name the SQL engine (`@journeyapps/wa-sqlite`, sync build;
 * `design.md` §8), so that another one can take its place.
 */
import { Factory } from '@journeyapps/wa-sqlite';
import loadModule from '@journeyapps/wa-sqlite/dist/wa-sqlite.mjs';
import wasmUrl from '@journeyapps/wa-sqlite/dist/wa-sqlite.wasm?url';
import type { SqlDatabase, SqlEngine } from './sql-database.ts';
import { SqliteConnection } from './sqlite-connection.ts';
import type { SqliteApi } from './sqlite-connection.ts';

const OPEN_CREATE_READWRITE = 6;

export interface SqliteVfs {
  readonly name: string;
  jAccess(name: string, flags: number, out: DataView): number;
  jDelete(name: string, syncDirectory: number): number;
  close(): void | Promise<void>;
}
export interface SqliteModuleApi extends SqliteApi {
  vfs_register(vfs: SqliteVfs, makeDefault: boolean): number;
  open_v2(name: string, flags: number, vfs: string): Promise<number>;
}

/** `wasmBinary` is for hosts that cannot fetch the module's URL. */
export async function loadSqlite(wasmBinary?: Uint8Array): Promise<{ api: SqliteModuleApi; module: object }> {
  const options = wasmBinary === undefined ? { locateFile: () => wasmUrl } : { wasmBinary };
  const module = (await loadModule(options)) as object;
  return { api: Factory(module) as unknown as SqliteModuleApi, module };
}

/** How a VFS spells a database's name. */
export const pathOf = (name: string): string => `/${name}`;

export abstract class SqliteEngine implements SqlEngine {
  protected readonly vfs: SqliteVfs;
  readonly #api: SqliteModuleApi;
  readonly #pragmas: readonly string[];
  readonly #journalMode: string;

  protected constructor(api: SqliteModuleApi, vfs: SqliteVfs, journalMode: 'wal' | 'memory') {
    this.#api = api;
    this.vfs = vfs;
    this.#journalMode = journalMode;
    // EXCLUSIVE must come before the first access, or WAL needs shared memory (wa-sqlite #303).
    this.#pragmas = [
      'PRAGMA locking_mode=EXCLUSIVE',
      `PRAGMA journal_mode=${journalMode}`,
      'PRAGMA synchronous=FULL',
      'PRAGMA temp_store=MEMORY',
      'PRAGMA foreign_keys=ON',
    ];
    api.vfs_register(vfs, false);
  }

  async open(name: string): Promise<SqlDatabase> {
    const db = await this.#api.open_v2(name, OPEN_CREATE_READWRITE, this.vfs.name);
    const connection = new SqliteConnection(this.#api, db);
    for (const pragma of this.#pragmas) {
      const [row] = await connection.all(pragma);
      const mode = row?.['journal_mode'];
      if (mode !== undefined && mode !== this.#journalMode)
        throw new Error(`${name}: expected journal_mode ${this.#journalMode}, actual ${String(mode)}`);
    }
    return connection;
  }

  exists(name: string): boolean {
    const out = new DataView(new ArrayBuffer(4));
    this.vfs.jAccess(pathOf(name), 0, out);
    return out.getInt32(0, true) === 1;
  }

  remove(name: string): void {
    for (const suffix of ['', '-wal', '-journal'])
      if (this.exists(name + suffix)) this.vfs.jDelete(pathOf(name + suffix), 1);
  }

  abstract contentOf(name: string): Promise<Blob>;

  async close(): Promise<void> {
    await this.vfs.close();
  }
}

import { MemoryVFS } from '@journeyapps/wa-sqlite/src/examples/MemoryVFS.js';
import { SqliteEngine, loadSqlite, pathOf } from './sqlite-engine.ts';
import type { SqliteModuleApi, SqliteVfs } from './sqlite-engine.ts';

/** Databases in memory: derived files, tests. */
export class MemorySqlEngine extends SqliteEngine {
  readonly #memory: MemoryVFS;

  private constructor(api: SqliteModuleApi, vfs: MemoryVFS) {
    super(api, vfs as unknown as SqliteVfs, 'memory');
    this.#memory = vfs;
  }

  static async open(wasmBinary?: Uint8Array): Promise<MemorySqlEngine> {
    const { api, module } = await loadSqlite(wasmBinary);
    return new MemorySqlEngine(api, new MemoryVFS('memory', module));
  }

  contentOf(name: string): Promise<Blob> {
    const file = this.#memory.mapNameToFile.get(pathOf(name));
    if (file === undefined) return Promise.reject(new Error(`no database ${name} in memory`));
    return Promise.resolve(new Blob([file.data.slice(0, file.size)]));
  }
}

import { AccessHandlePoolVFS } from '@journeyapps/wa-sqlite/src/examples/AccessHandlePoolVFS.js';
import { FileAges } from './file-age.ts';
import type { AgeClock } from './file-age.ts';
import { OpfsDirectory } from './opfs-directory.ts';
import { SqliteEngine, loadSqlite, pathOf } from './sqlite-engine.ts';
import type { SqliteModuleApi, SqliteVfs } from './sqlite-engine.ts';

/** kiosk and events, each with WAL and rollback journal, and two spare. */
const POOL_FILES = 8;
/** The pool's own header before each database file. */
const POOL_CONTENT_OFFSET = 4096;
const POOL_PATH_BYTES = 512;
const MARKER = 'sqlite-pool-created';
const FREE_WAIT_MS = 50;
const FREE_TRIES = 60;

/** Databases in OPFS, in a pool of files made ahead like slots: their names obey the same 60 s rule. */
export class PoolSqlEngine extends SqliteEngine {
  readonly #directory: OpfsDirectory;
  readonly #ages: FileAges;
  readonly #createdUtcMs: number;

  private constructor(
    api: SqliteModuleApi,
    vfs: SqliteVfs,
    directory: OpfsDirectory,
    age: { readonly ages: FileAges; readonly createdUtcMs: number },
  ) {
    super(api, vfs, 'wal');
    this.#directory = directory;
    this.#ages = age.ages;
    this.#createdUtcMs = age.createdUtcMs;
  }

  /** Waits up to 3 s for the handles of a worker that has just died. Rejects when another still holds them. */
  static async open(folder: string, markerFolder: string, clock: AgeClock): Promise<PoolSqlEngine> {
    const directory = await OpfsDirectory.open(folder);
    const marks = await OpfsDirectory.open(markerFolder);
    const before = await directory.names();
    await untilFree(directory, before);
    const { api, module } = await loadSqlite();
    const vfs = await AccessHandlePoolVFS.create(folder, module);
    const missing = POOL_FILES - vfs.getCapacity();
    // Marked before as well: a kill in between must not leave new files under an old date.
    if (missing > 0) {
      await mark(marks, clock.utcMs());
      await vfs.addCapacity(missing);
    }
    const ages = new FileAges(clock);
    ages.see(MARKER);
    const isNew = before.length === 0 || missing > 0;
    const createdUtcMs = isNew ? await mark(marks, clock.utcMs()) : await marked(marks);
    return new PoolSqlEngine(api, vfs, directory, { ages, createdUtcMs });
  }

  /** Milliseconds until the pool's files are old enough; 0 = they are. */
  get ageWaitMs(): number {
    return this.#ages.waitMs(MARKER, this.#createdUtcMs);
  }

  async contentOf(name: string): Promise<Blob> {
    for (const file of await this.#directory.names()) {
      const blob = await this.#directory.blob(file);
      if (blob === null) continue;
      const path = new Uint8Array(await blob.slice(0, POOL_PATH_BYTES).arrayBuffer());
      const end = path.indexOf(0);
      if (new TextDecoder().decode(path.subarray(0, end)) === pathOf(name))
        return blob.slice(POOL_CONTENT_OFFSET);
    }
    throw new Error(`no database ${name} in the pool`);
  }
}

async function untilFree(directory: OpfsDirectory, names: readonly string[]): Promise<void> {
  for (const name of names) {
    for (let tries = 0; ; tries++) {
      const file = await directory.open(name, { create: false });
      file?.close();
      if (file !== null) break;
      if (tries === FREE_TRIES) throw new Error(`database file ${name} is held by another worker`);
      await new Promise((resolve) => setTimeout(resolve, FREE_WAIT_MS));
    }
  }
}

async function mark(marks: OpfsDirectory, utcMs: number): Promise<number> {
  const file = await marks.open(MARKER, { create: true });
  const bytes = new TextEncoder().encode(String(utcMs));
  file?.truncate(0);
  file?.write(bytes, { at: 0 });
  file?.flush();
  file?.close();
  return utcMs;
}

/** No mark or a broken one: a date in the far future, so that only this page's own clock counts. */
async function marked(marks: OpfsDirectory): Promise<number> {
  const text = (await (await marks.blob(MARKER))?.text()) ?? '';
  return /^\d+$/.test(text) ? Number(text) : Number.MAX_SAFE_INTEGER;
}

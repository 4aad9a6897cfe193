import { MemoryVFS } from '@journeyapps/wa-sqlite/src/examples/MemoryVFS.js';
import * as SQLITE from '@journeyapps/wa-sqlite/src/sqlite-constants.js';
import type { SyncFile } from './sync-file.ts';

/** SQLite's own limit on the size of a path in this VFS. */
const NAME_MAX = 64;

/**
 * Databases on files we were handed: a slot's content, memory. No journal, no WAL, no locks: for files that one thread
 * reads, or writes once from start to end. A name that was not lent does not exist.
 *
 * It stands on `MemoryVFS` for the package's glue between C and JavaScript only (`FacadeVFS`, which is not typed): every
 * method that touches a file is replaced.
 */
export class SyncFileVfs extends MemoryVFS {
  readonly #lent = new Map<string, SyncFile>();
  readonly #open = new Map<number, SyncFile>();

  /** The file stays the caller's: it is not closed here. */
  lend(name: string, file: SyncFile): void {
    if (name.length > NAME_MAX) throw new Error(`database name of ${name.length} characters`);
    this.#lent.set(name, file);
  }
  takeBack(name: string): void {
    this.#lent.delete(name);
  }

  jOpen(name: string | null, id: number, flags: number, outFlags: DataView): number {
    const file = this.#lent.get(name ?? '');
    if (file === undefined) return SQLITE.SQLITE_CANTOPEN;
    this.#open.set(id, file);
    outFlags.setInt32(0, flags, true);
    return SQLITE.SQLITE_OK;
  }
  jClose(id: number): number {
    this.#open.delete(id);
    return SQLITE.SQLITE_OK;
  }
  jRead(id: number, into: Uint8Array, at: number): number {
    // The engine's buffer is in WASM memory, which may grow: a plain view of it is read into at once.
    const read = this.#file(id).read(into.subarray(), { at });
    if (read === into.byteLength) return SQLITE.SQLITE_OK;
    into.fill(0, read);
    return SQLITE.SQLITE_IOERR_SHORT_READ;
  }
  jWrite(id: number, from: Uint8Array, at: number): number {
    const written = this.#file(id).write(from.subarray(), { at });
    return written === from.byteLength ? SQLITE.SQLITE_OK : SQLITE.SQLITE_FULL;
  }
  jTruncate(id: number, size: number): number {
    this.#file(id).truncate(size);
    return SQLITE.SQLITE_OK;
  }
  jSync(id: number): number {
    this.#file(id).flush();
    return SQLITE.SQLITE_OK;
  }
  jFileSize(id: number, outSize: DataView): number {
    outSize.setBigInt64(0, BigInt(this.#file(id).getSize()), true);
    return SQLITE.SQLITE_OK;
  }
  jDelete(): number {
    return SQLITE.SQLITE_OK;
  }
  jAccess(name: string, _flags: number, outResult: DataView): number {
    outResult.setInt32(0, this.#lent.has(name) ? 1 : 0, true);
    return SQLITE.SQLITE_OK;
  }

  #file(id: number): SyncFile {
    const file = this.#open.get(id);
    if (file === undefined) throw new Error(`SQLite uses file ${id}, which is not open`);
    return file;
  }
}

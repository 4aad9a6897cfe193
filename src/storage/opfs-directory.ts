import type { FileDirectory, SyncFile } from './sync-file.ts';

/** Declared for dedicated workers only; other code may still name this class. */
interface SyncAccess {
  createSyncAccessHandle(): Promise<SyncFile>;
}

/** A folder of the origin's private file system. Opening files exclusively works in dedicated workers only. */
export class OpfsDirectory implements FileDirectory {
  readonly #handle: FileSystemDirectoryHandle;

  private constructor(handle: FileSystemDirectoryHandle) {
    this.#handle = handle;
  }

  /** `path` as `benchseal/slots`; made when missing. */
  static async open(path: string): Promise<OpfsDirectory> {
    let handle = await navigator.storage.getDirectory();
    for (const name of path.split('/')) handle = await handle.getDirectoryHandle(name, { create: true });
    return new OpfsDirectory(handle);
  }

  async names(): Promise<string[]> {
    const names: string[] = [];
    for await (const [name, entry] of this.#handle.entries()) if (entry.kind === 'file') names.push(name);
    return names;
  }

  async open(name: string, options: { readonly create: boolean }): Promise<SyncFile | null> {
    try {
      const file = await this.#handle.getFileHandle(name, { create: options.create });
      return await (file as unknown as SyncAccess).createSyncAccessHandle();
    } catch (error) {
      if (isNamed(error, 'NoModificationAllowedError') || isNamed(error, 'NotFoundError')) return null;
      throw error;
    }
  }

  async blob(name: string): Promise<Blob | null> {
    try {
      return await (await this.#handle.getFileHandle(name)).getFile();
    } catch (error) {
      if (isNamed(error, 'NotFoundError')) return null;
      throw error;
    }
  }

  async remove(name: string): Promise<void> {
    await this.#handle.removeEntry(name);
  }
}

function isNamed(error: unknown, name: string): boolean {
  return error instanceof DOMException && error.name === name;
}

export { DATABASE_FOLDER, MARKER_FOLDER, SLOT_FOLDER } from './folders.ts';

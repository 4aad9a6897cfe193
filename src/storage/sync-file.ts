/**
 * The seam under everything that writes: the methods of `FileSystemSyncAccessHandle` we use.
 * Real in the browser; a fault-injecting one in `tests/sim` only.
 */
export interface SyncFile {
  /** Bytes read, fewer at the end of the file. */
  read(into: Uint8Array, options: { readonly at: number }): number;
  /** Bytes written. Fewer than given = the disk is full (`spec/browser-platform.md`). */
  write(from: Uint8Array, options: { readonly at: number }): number;
  truncate(size: number): void;
  flush(): void;
  getSize(): number;
  close(): void;
}

/** A flat directory of files: an OPFS directory in the browser. */
export interface FileDirectory {
  names(): Promise<string[]>;
  /** Exclusive; null when another holder has it. Creates when `create` is set. */
  open(name: string, options: { readonly create: boolean }): Promise<SyncFile | null>;
  /** A snapshot to read while others may hold it; null when it does not exist. */
  blob(name: string): Promise<Blob | null>;
  remove(name: string): Promise<void>;
}

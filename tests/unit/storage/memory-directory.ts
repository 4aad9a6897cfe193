import type { FileDirectory, SyncFile } from '../../../src/storage/sync-file.ts';

/** What a test may make go wrong in a file. */
export interface Faults {
  /** Bytes the disk takes in all; a write over it is short. */
  bytesMax: number;
  flushFails: boolean;
  /** As Linux does: a failed flush forgets what was to be written, and the next one says that all is well. */
  flushFailsOnce: boolean;
  /** Files that take nothing. */
  refuses: (name: string) => boolean;
}

interface MemoryFile {
  bytes: Uint8Array<ArrayBuffer>;
  durable: Uint8Array<ArrayBuffer>;
  /** Written since the last flush. */
  dirty: [from: number, to: number][];
}

/** Files in memory behind the storage seam. `cut()` is a power cut: what was not flushed is gone. */
export class MemoryDirectory implements FileDirectory {
  readonly files = new Map<string, MemoryFile>();
  readonly held = new Set<string>();
  readonly faults: Faults = {
    bytesMax: Infinity,
    flushFails: false,
    flushFailsOnce: false,
    refuses: () => false,
  };
  flushes = 0;

  names(): Promise<string[]> {
    return Promise.resolve([...this.files.keys()]);
  }

  open(name: string, options: { readonly create: boolean }): Promise<SyncFile | null> {
    if (this.held.has(name)) return Promise.resolve(null);
    let file = this.files.get(name);
    if (file === undefined) {
      if (!options.create) return Promise.resolve(null);
      file = { bytes: new Uint8Array(0), durable: new Uint8Array(0), dirty: [] };
      this.files.set(name, file);
    }
    this.held.add(name);
    return Promise.resolve(this.#handle(name, file));
  }

  blob(name: string): Promise<Blob | null> {
    const file = this.files.get(name);
    return Promise.resolve(file === undefined ? null : new Blob([file.bytes.slice()]));
  }

  remove(name: string): Promise<void> {
    this.files.delete(name);
    return Promise.resolve();
  }

  /** The worker is gone: its handles are free again; with `power` unflushed bytes are lost too. */
  cut(power: boolean): void {
    this.held.clear();
    if (!power) return;
    for (const file of this.files.values()) {
      file.bytes = file.durable.slice();
      file.dirty = [];
    }
  }

  #used(): number {
    return [...this.files.values()].reduce((sum, file) => sum + file.bytes.length, 0);
  }

  #handle(name: string, file: MemoryFile): SyncFile {
    const resize = (size: number): void => {
      const next = new Uint8Array(size);
      next.set(file.bytes.subarray(0, size));
      file.bytes = next;
    };
    return {
      read: (into, { at }) => {
        const part = file.bytes.subarray(at, at + into.length);
        into.set(part);
        return part.length;
      },
      write: (from, { at }) => {
        if (this.faults.refuses(name)) return 0;
        const growth = Math.max(0, at + from.length - file.bytes.length);
        const over = Math.max(0, this.#used() + growth - this.faults.bytesMax);
        const taken = Math.max(0, from.length - over);
        if (at + taken > file.bytes.length) resize(at + taken);
        file.dirty.push([at, at + taken]);
        file.bytes.set(from.subarray(0, taken), at);
        return taken;
      },
      truncate: (size) => {
        resize(size);
        file.dirty = file.dirty.map(([from, to]) => [Math.min(from, size), Math.min(to, size)]);
      },
      flush: () => {
        if (this.faults.flushFails) throw new Error('flush failed');
        const dirty = file.dirty.splice(0);
        if (this.faults.flushFailsOnce) {
          this.faults.flushFailsOnce = false;
          throw new Error('flush failed once');
        }
        this.flushes++;
        const durable = new Uint8Array(file.bytes.length);
        durable.set(file.durable.subarray(0, durable.length));
        for (const [from, to] of dirty) durable.set(file.bytes.subarray(from, to), from);
        file.durable = durable;
      },
      getSize: () => file.bytes.length,
      close: () => this.held.delete(name),
    };
  }
}

export class ManualClock {
  mono = 0;
  utc = Date.UTC(2026, 4, 6);
  monoMs(): number {
    return this.mono;
  }
  utcMs(): number {
    return this.utc;
  }
  pass(ms: number): void {
    this.mono += ms;
    this.utc += ms;
  }
}

import type { FileDirectory, SyncFile } from '../../../src/storage/sync-file.ts';

/** What a test may make go wrong in a file. */
export interface Faults {
  /** Bytes the disk takes in all; a write over it is short. */
  bytesMax: number;
  flushFails: boolean;
}

/** Files in memory behind the storage seam. `cut()` is a power cut: what was not flushed is gone. */
export class MemoryDirectory implements FileDirectory {
  readonly files = new Map<string, { bytes: Uint8Array<ArrayBuffer>; durable: Uint8Array<ArrayBuffer> }>();
  readonly held = new Set<string>();
  readonly faults: Faults = { bytesMax: Infinity, flushFails: false };
  flushes = 0;

  names(): Promise<string[]> {
    return Promise.resolve([...this.files.keys()]);
  }

  open(name: string, options: { readonly create: boolean }): Promise<SyncFile | null> {
    if (this.held.has(name)) return Promise.resolve(null);
    let file = this.files.get(name);
    if (file === undefined) {
      if (!options.create) return Promise.resolve(null);
      file = { bytes: new Uint8Array(0), durable: new Uint8Array(0) };
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
    if (power) for (const file of this.files.values()) file.bytes = file.durable.slice();
  }

  #used(): number {
    return [...this.files.values()].reduce((sum, file) => sum + file.bytes.length, 0);
  }

  #handle(
    name: string,
    file: { bytes: Uint8Array<ArrayBuffer>; durable: Uint8Array<ArrayBuffer> },
  ): SyncFile {
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
        const growth = Math.max(0, at + from.length - file.bytes.length);
        const over = Math.max(0, this.#used() + growth - this.faults.bytesMax);
        const taken = Math.max(0, from.length - over);
        if (at + taken > file.bytes.length) resize(at + taken);
        file.bytes.set(from.subarray(0, taken), at);
        return taken;
      },
      truncate: resize,
      flush: () => {
        if (this.faults.flushFails) throw new Error('flush failed');
        this.flushes++;
        file.durable = file.bytes.slice();
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

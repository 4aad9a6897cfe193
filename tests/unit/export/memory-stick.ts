/** What a test may make go wrong on the stick. */
export interface StickFaults {
  /** Bytes a file may have; a longer write is refused as by a full target. */
  bytesMax: number;
  /** Flips a bit of what comes to lie under a name. */
  flips: (name: string) => boolean;
}

/** A picked directory in memory: swap file until `close`, as the browser writes. */
export class MemoryStick {
  readonly name = 'stick';
  readonly files = new Map<string, Uint8Array<ArrayBuffer>>();
  readonly faults: StickFaults = { bytesMax: Infinity, flips: () => false };

  get handle(): FileSystemDirectoryHandle {
    return this as unknown as FileSystemDirectoryHandle;
  }

  text(name: string): string {
    return new TextDecoder().decode(this.files.get(name));
  }

  getFileHandle(name: string): Promise<FileSystemFileHandle> {
    if (!this.files.has(name)) this.files.set(name, new Uint8Array(0));
    const handle = {
      name,
      getFile: () => Promise.resolve(new File([this.files.get(name) ?? ''], name)),
      createWritable: () => Promise.resolve(this.#writable(name)),
      remove: () => this.removeEntry(name),
    };
    return Promise.resolve(handle as unknown as FileSystemFileHandle);
  }

  removeEntry(name: string): Promise<void> {
    if (this.files.delete(name)) return Promise.resolve();
    return Promise.reject(new DOMException('not there', 'NotFoundError'));
  }

  #writable(name: string) {
    const chunks: Uint8Array<ArrayBuffer>[] = [];
    let bytes = 0;
    return {
      write: (chunk: Uint8Array<ArrayBuffer>) => {
        bytes += chunk.length;
        if (bytes > this.faults.bytesMax)
          return Promise.reject(new DOMException('no room', 'QuotaExceededError'));
        chunks.push(chunk.slice());
        return Promise.resolve();
      },
      close: async () => {
        const content = new Uint8Array(await new Blob(chunks).arrayBuffer());
        if (this.faults.flips(name)) content[Math.floor(content.length / 2)]! ^= 1;
        this.files.set(name, content);
      },
      abort: () => Promise.resolve(),
    };
  }
}

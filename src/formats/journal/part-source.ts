/** Where a part's bytes are: a slot's content, a blob, a buffer. Offsets from the start of the part. */
export interface PartSource {
  readonly size: number;
  /** Exactly `length` bytes; throws past the end. */
  read(offset: number, length: number): Promise<Uint8Array>;
}

/** Decompresses a chunk's records to `size` bytes; throws on damage. */
export type Decompress = (compression: string, bytes: Uint8Array, size: number) => Uint8Array;

export function bytesSource(bytes: Uint8Array): PartSource {
  return {
    size: bytes.length,
    read: (offset, length) => {
      if (offset + length > bytes.length)
        return Promise.reject(new RangeError(`read of ${length} at ${offset}, size ${bytes.length}`));
      return Promise.resolve(bytes.subarray(offset, offset + length));
    },
  };
}

const WINDOW_BYTES = 1 << 20;

/** Reads ahead in 1 MiB windows, so that walking over record headers costs few reads. */
export class WindowedSource {
  readonly #source: PartSource;
  #window: Uint8Array = new Uint8Array(0);
  #start = 0;

  constructor(source: PartSource) {
    this.#source = source;
  }

  get size(): number {
    return this.#source.size;
  }

  /** Up to `length` bytes, fewer at the end. Valid until the next call. */
  async peek(offset: number, length: number): Promise<Uint8Array> {
    const wanted = Math.min(length, Math.max(0, this.size - offset));
    if (offset < this.#start || offset + wanted > this.#start + this.#window.length) {
      this.#window = await this.#source.read(
        offset,
        Math.min(Math.max(wanted, WINDOW_BYTES), this.size - offset),
      );
      this.#start = offset;
    }
    return this.#window.subarray(offset - this.#start, offset - this.#start + wanted);
  }
}

import { createSHA256, type IHasher } from 'hash-wasm';
import { crc32 } from '../formats/crc32.ts';

export interface ContentDigest {
  readonly sha256: string;
  readonly crc32: number;
  readonly bytes: number;
}

/** SHA-256 and CRC-32 of streams, one after another; the WASM hasher is made once. */
export class Digester {
  readonly #hasher: IHasher;
  #busy = false;

  private constructor(hasher: IHasher) {
    this.#hasher = hasher;
  }

  static async create(): Promise<Digester> {
    return new Digester(await createSHA256());
  }

  /** `onBytes` hears of every chunk read, for progress. */
  async digest(chunks: AsyncIterable<Uint8Array>, onBytes?: (bytes: number) => void): Promise<ContentDigest> {
    if (this.#busy) throw new Error('a digester takes one stream at a time');
    this.#busy = true;
    try {
      this.#hasher.init();
      let crc = 0;
      let bytes = 0;
      for await (const chunk of chunks) {
        this.#hasher.update(chunk);
        crc = crc32(chunk, crc);
        bytes += chunk.length;
        onBytes?.(chunk.length);
      }
      return { sha256: this.#hasher.digest('hex'), crc32: crc, bytes };
    } finally {
      this.#busy = false;
    }
  }

  digestBytes(bytes: Uint8Array): ContentDigest {
    if (this.#busy) throw new Error('a digester takes one stream at a time');
    const sha256 = this.#hasher.init().update(bytes).digest('hex');
    return { sha256, crc32: crc32(bytes), bytes: bytes.length };
  }
}

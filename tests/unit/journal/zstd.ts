import { compress, decompress, init } from '@bokuweb/zstd-wasm';
import type { Decompress } from '../../../src/formats/journal/part-source.ts';
import type { Compress } from '../../../src/formats/journal/part-writer.ts';

/** A second `init` would make the engine anew under the feet of the first. */
let ready: Promise<void> | undefined;

/** The compressor the recorder uses, in Node. */
export async function loadZstd(): Promise<{ compress: Compress; decompress: Decompress }> {
  await (ready ??= init());
  return {
    compress: (bytes) => ({ compression: 'zstd', bytes: compress(bytes, 3) }),
    decompress: (_compression, bytes) => decompress(bytes),
  };
}

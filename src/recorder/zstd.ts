import { compress, decompress, init } from '@bokuweb/zstd-wasm';
import type { Decompress } from '../formats/journal/part-source.ts';
import type { Compress } from '../formats/journal/part-writer.ts';

const LEVEL = 3;

/** Once per thread: a second `init` would make the engine anew under the feet of the first. */
let ready: Promise<void> | undefined;

/** zstd level 3: 65–70 MB/s in a worker, samples shrink to a third (`spec/pipeline-measured.md` §2). */
export async function loadZstd(): Promise<{ readonly compress: Compress; readonly decompress: Decompress }> {
  await (ready ??= init());
  return {
    compress: (bytes) => ({ compression: 'zstd', bytes: compress(bytes, LEVEL) }),
    decompress: (compression, bytes) => {
      if (compression !== 'zstd') throw new Error(`journal chunk: compression ${compression}`);
      return decompress(bytes);
    },
  };
}

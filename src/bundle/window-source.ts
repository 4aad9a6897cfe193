import type { PartSource } from '../formats/journal/part-source.ts';
import { READ_BYTES } from './blob-bytes.ts';

/** Windows kept: a part is read forwards, its indexes beside its chunks. */
const WINDOWS_MAX = 4;

/**
 * Reads of a blob through a few windows of 1 MiB: a slow device's journal has four small chunks a second, and each
 * `Blob.arrayBuffer()` costs about a millisecond, whatever its size.
 */
export function windowSource(blob: Blob): PartSource {
  /** By window number, least recently used first. */
  const windows = new Map<number, Promise<Uint8Array>>();
  const load = async (index: number): Promise<Uint8Array> =>
    new Uint8Array(await blob.slice(index * READ_BYTES, (index + 1) * READ_BYTES).arrayBuffer());
  const windowAt = (index: number): Promise<Uint8Array> => {
    const bytes = windows.get(index) ?? load(index);
    windows.delete(index);
    windows.set(index, bytes);
    for (const oldest of windows.keys()) if (windows.size > WINDOWS_MAX) windows.delete(oldest);
    return bytes;
  };
  return {
    size: blob.size,
    read: async (offset, length) => {
      if (offset < 0 || offset + length > blob.size)
        throw new RangeError(`read of ${length} bytes at ${offset}, size ${blob.size}`);
      const into = new Uint8Array(length);
      for (let done = 0; done < length;) {
        const at = offset + done;
        const window = await windowAt(Math.floor(at / READ_BYTES));
        const piece = window.subarray(at % READ_BYTES, (at % READ_BYTES) + length - done);
        if (piece.length === 0) throw new RangeError(`read ${done} of ${length} bytes at ${offset}`);
        into.set(piece, done);
        done += piece.length;
      }
      return into;
    },
  };
}

/** Chunk of every sequential read: large enough for few calls, small enough for flat memory. */
export const READ_BYTES = 1 << 20;

/** Bytes `from` to `to` (exclusive) of a blob, in order, a chunk at a time. */
export async function* blobChunks(
  blob: Blob,
  from = 0,
  to = blob.size,
): AsyncGenerator<Uint8Array<ArrayBuffer>, void, void> {
  for (let at = from; at < to; at += READ_BYTES)
    yield new Uint8Array(await blob.slice(at, Math.min(at + READ_BYTES, to)).arrayBuffer());
}

/** Random access to a range of a blob; offsets count from `from`. Reads past the end throw. */
export function blobRange(
  blob: Blob,
  from: number,
  size: number,
): { readonly size: number; read(offset: number, length: number): Promise<Uint8Array<ArrayBuffer>> } {
  return {
    size,
    read: async (offset, length) => {
      if (offset < 0 || offset + length > size)
        throw new RangeError(`read of ${length} bytes at ${offset}, size ${size}`);
      const bytes = new Uint8Array(await blob.slice(from + offset, from + offset + length).arrayBuffer());
      if (bytes.length !== length)
        throw new RangeError(`read ${bytes.length} of ${length} bytes at ${offset}`);
      return bytes;
    },
  };
}

/** A whole blob for readers that ask past its end and take what is there (`formats/zip-reader.ts`). */
export function blobSource(blob: Blob): {
  readonly size: number;
  read(offset: number, length: number): Promise<Uint8Array<ArrayBuffer>>;
} {
  return {
    size: blob.size,
    read: async (offset, length) =>
      new Uint8Array(await blob.slice(Math.min(offset, blob.size), offset + length).arrayBuffer()),
  };
}

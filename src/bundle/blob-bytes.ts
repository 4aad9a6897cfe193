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

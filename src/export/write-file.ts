import { blobChunks } from '../bundle/blob-bytes.ts';

export interface WriteWatch {
  readonly onBytes: (bytes: number) => void;
  readonly signal?: AbortSignal | undefined;
  /** All is written to the swap file; what lies under the name is replaced next. */
  readonly onReplace?: () => Promise<void>;
}

/**
 * Streams a blob into a picked file. The browser writes a swap file and puts it in place at close: an export that is
 * cut short leaves no half file under the name.
 */
export async function writeFile(handle: FileSystemFileHandle, blob: Blob, watch: WriteWatch): Promise<void> {
  const writable = await handle.createWritable();
  try {
    for await (const chunk of blobChunks(blob)) {
      watch.signal?.throwIfAborted();
      await writable.write(chunk);
      watch.onBytes(chunk.length);
    }
    watch.signal?.throwIfAborted();
    await watch.onReplace?.();
    await writable.close();
  } catch (error) {
    await writable.abort().catch(() => undefined);
    throw error;
  }
}

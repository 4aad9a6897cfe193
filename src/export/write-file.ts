import { blobChunks } from '../bundle/blob-bytes.ts';

export interface WriteWatch {
  readonly onBytes: (bytes: number) => void;
  readonly signal?: AbortSignal | undefined;
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
    await writable.close();
  } catch (error) {
    await writable.abort().catch(() => undefined);
    throw error;
  }
}

export async function writeText(handle: FileSystemFileHandle, text: string): Promise<void> {
  const writable = await handle.createWritable();
  await writable.write(text);
  await writable.close();
}

import { failureOf } from './failure.ts';
import { readBackZip } from './read-back.ts';
import { formatReceipt, rootDigestOf } from './receipt.ts';
import type { ExportJob, ExportOutcome } from './types.ts';
import { writeFile } from './write-file.ts';
import { zipBlob } from './zip-blob.ts';

/** Writes the zip into a picked file, reads it back from there, and only then says verified. */
export async function exportToFile(
  job: ExportJob,
  handle: FileSystemFileHandle,
  place: { readonly kind: 'directory' | 'file'; readonly target: string },
): Promise<ExportOutcome> {
  try {
    const zip = await zipBlob(job);
    let bytesDone = 0;
    await writeFile(handle, zip, {
      signal: job.signal,
      onBytes: (bytes) => {
        bytesDone += bytes;
        job.progress({ phase: 'write', bytesDone, bytesTotal: zip.size });
      },
    });
    const written = await handle.getFile();
    if (written.size !== zip.size)
      return { ok: false, code: 'mismatch', detail: `${written.size} of ${zip.size} bytes are in the file` };
    const rootDigest = rootDigestOf(job.members);
    const mismatch = await readBackZip(written, { rootDigest, bytesTotal: zip.size, progress: job.progress });
    if (mismatch !== null) return mismatch;
    const receipt = formatReceipt({
      runId: job.runId,
      members: job.members,
      ...place,
      verified: true,
      zipBytes: zip.size,
      exportedUtcMs: job.utcMs(),
    });
    return { ok: true, ...place, verified: true, rootDigest, receipt };
  } catch (error) {
    return failureOf(error);
  }
}

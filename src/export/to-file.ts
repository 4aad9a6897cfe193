import { failureOf } from './failure.ts';
import { readBackZip } from './read-back.ts';
import { formatReceipt, rootDigestOf } from './receipt.ts';
import type { ExportFailure, ExportJob, ExportOutcome } from './types.ts';
import { writeFile } from './write-file.ts';
import { zipBlob } from './zip-blob.ts';

export interface ExportPlace {
  readonly kind: 'directory' | 'file';
  readonly target: string;
  /** Called before a file is replaced: a receipt must not vouch for what comes after it. */
  readonly clearReceipt?: () => Promise<void>;
}

/**
 * Writes the zip into a picked file, reads it back from there, and only then says verified. After a failure nothing of
 * this export is left under the name where the browser lets it be removed; the detail says how it stands.
 */
export async function exportToFile(
  job: ExportJob,
  handle: FileSystemFileHandle,
  { kind, target, clearReceipt }: ExportPlace,
): Promise<ExportOutcome> {
  // The picker, or whoever asked for the handle, made an empty file where there was none.
  let isOurs = false;
  try {
    isOurs = (await handle.getFile()).size === 0;
    const zip = await zipBlob(job);
    let bytesDone = 0;
    await writeFile(handle, zip, {
      signal: job.signal,
      onBytes: (bytes) => {
        bytesDone += bytes;
        job.progress({ phase: 'write', bytesDone, bytesTotal: zip.size });
      },
      ...(clearReceipt && { onReplace: clearReceipt }),
    });
    isOurs = true;
    const difference = await compare(job, await handle.getFile(), zip.size);
    if (difference !== null) return await cleared(handle, difference, isOurs);
    const exportedUtcMs = job.utcMs();
    const { runId, members } = job;
    const zipBytes = zip.size;
    const receipt = formatReceipt({ runId, members, kind, target, verified: true, zipBytes, exportedUtcMs });
    return { ok: true, kind, target, verified: true, rootDigest: rootDigestOf(members), receipt };
  } catch (error) {
    return cleared(handle, failureOf(error), isOurs);
  }
}

async function compare(job: ExportJob, written: File, bytesTotal: number): Promise<ExportFailure | null> {
  if (written.size !== bytesTotal)
    return { ok: false, code: 'mismatch', detail: `${written.size} of ${bytesTotal} bytes are in the file` };
  const { members, progress, signal } = job;
  return readBackZip(written, { rootDigest: rootDigestOf(members), bytesTotal, progress, signal });
}

/** A file from before that was not replaced stays: it may be somebody's only copy. */
async function cleared(
  handle: FileSystemFileHandle & { remove?(): Promise<void> },
  failure: ExportFailure,
  isOurs: boolean,
): Promise<ExportFailure> {
  const say = (what: string): ExportFailure => ({ ...failure, detail: `${failure.detail}; ${what}` });
  if (!isOurs) return say(`the earlier ${handle.name} is unchanged`);
  try {
    if (handle.remove === undefined) return say(`${handle.name} is not to be used`);
    await handle.remove();
    return say('nothing of it was left there');
  } catch {
    return say(`${handle.name} is not to be used, and could not be removed`);
  }
}

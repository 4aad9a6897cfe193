import { failureOf } from './failure.ts';
import { formatReceipt, rootDigestOf } from './receipt.ts';
import type { ExportJob, ExportOutcome } from './types.ts';
import { zipBlob } from './zip-blob.ts';

/** The browser reads the blob after the click; the URL must live until it is done, which nobody tells. */
const URL_LIFETIME_MS = 10 * 60_000;

/** A plain download, where pickers are missing. Nothing can be read back, and the outcome says so. */
export async function exportAsDownload(job: ExportJob, document: Document): Promise<ExportOutcome> {
  try {
    const zip = await zipBlob(job);
    const target = `${job.runId}.zip`;
    const anchor = document.createElement('a');
    anchor.href = URL.createObjectURL(zip);
    anchor.download = target;
    document.body.append(anchor);
    anchor.click();
    anchor.remove();
    setTimeout(() => URL.revokeObjectURL(anchor.href), URL_LIFETIME_MS);
    job.progress({ phase: 'download', bytesDone: zip.size, bytesTotal: zip.size });
    const receipt = formatReceipt({
      runId: job.runId,
      members: job.members,
      kind: 'download',
      target,
      verified: false,
      zipBytes: zip.size,
      exportedUtcMs: job.utcMs(),
    });
    return {
      ok: true,
      kind: 'download',
      target,
      verified: false,
      rootDigest: rootDigestOf(job.members),
      receipt,
    };
  } catch (error) {
    return failureOf(error);
  }
}

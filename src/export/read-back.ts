import { blobSource } from '../bundle/blob-bytes.ts';
import type { Progress, VerifyReport } from '../bundle/types.ts';
import { verifyBundle, type MemberSource } from '../bundle/verify.ts';
import { openZipBundle } from '../bundle/zip-source.ts';
import type { ExportFailure } from './types.ts';

export interface ReadBack {
  readonly rootDigest: string;
  readonly bytesTotal: number;
  readonly progress: (progress: Progress) => void;
  readonly signal?: AbortSignal | undefined;
}

/** Reads every member out of the written zip and compares; null when all is as it was sealed. */
export async function readBackZip(file: File, expected: ReadBack): Promise<ExportFailure | null> {
  const zip = await openZipBundle(blobSource(file), file.name);
  if (!zip.ok) return { ok: false, code: 'mismatch', detail: `read back: ${zip.error}` };
  const [changed] = zip.value.containerProblems;
  if (changed !== undefined) return { ok: false, code: 'mismatch', detail: `read back: ${changed.detail}` };
  return readBack(zip.value.source, expected);
}

/** The same over members wherever they lie. */
export async function readBack(source: MemberSource, expected: ReadBack): Promise<ExportFailure | null> {
  const { rootDigest, bytesTotal, progress, signal } = expected;
  const report: VerifyReport = await verifyBundle(source, {
    rootDigest,
    bytesTotal,
    signal,
    progress: (p) => progress({ ...p, phase: 'read back' }),
  });
  const [problem] = report.problems;
  if (problem === undefined) return null;
  return {
    ok: false,
    code: 'mismatch',
    detail: `read back: ${problem.path}: ${problem.kind}, ${problem.detail}`,
  };
}

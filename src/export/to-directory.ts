import { blobChunks } from '../bundle/blob-bytes.ts';
import type { MemberSource } from '../bundle/verify.ts';
import { failureOf } from './failure.ts';
import { readBack } from './read-back.ts';
import { formatReceipt, rootDigestOf } from './receipt.ts';
import { exportToFile } from './to-file.ts';
import type { ExportJob, ExportOutcome } from './types.ts';
import { writeFile } from './write-file.ts';
import { memberBlobs } from './zip-blob.ts';

/** `<run_id>.zip` and `<run_id>.receipt.json` in a picked directory (a USB stick). */
export async function exportZipToDirectory(
  job: ExportJob,
  directory: FileSystemDirectoryHandle,
): Promise<ExportOutcome> {
  try {
    const name = `${job.runId}.zip`;
    const handle = await directory.getFileHandle(name, { create: true });
    const target = `${directory.name}/${name}`;
    const clearReceipt = () => removeReceipt(directory, job.runId);
    const outcome = await exportToFile(job, handle, { kind: 'directory', target, clearReceipt });
    return outcome.ok ? await withReceipt(directory, job.runId, outcome) : outcome;
  } catch (error) {
    return failureOf(error);
  }
}

/** The members as files under `<run_id>/`, for who wants to read them without unpacking. */
export async function exportMembersToDirectory(
  job: ExportJob,
  directory: FileSystemDirectoryHandle,
): Promise<ExportOutcome> {
  try {
    await removeReceipt(directory, job.runId);
    const root = await directory.getDirectoryHandle(job.runId, { create: true });
    const blobs = await memberBlobs(job);
    const bytesTotal = job.members.reduce((sum, { bytes }) => sum + bytes, 0);
    let bytesDone = 0;
    const onBytes = (bytes: number) => {
      bytesDone += bytes;
      job.progress({ phase: 'write', bytesDone, bytesTotal });
    };
    for (const [path, blob] of blobs)
      await writeFile(await fileAt(root, path, true), blob, { onBytes, signal: job.signal });
    const rootDigest = rootDigestOf(job.members);
    const mismatch = await readBack(directoryMembers(root), {
      rootDigest,
      bytesTotal,
      progress: job.progress,
      signal: job.signal,
    });
    if (mismatch !== null) return mismatch;
    const place = { kind: 'directory' as const, target: `${directory.name}/${job.runId}` };
    const { runId, members } = job;
    const exportedUtcMs = job.utcMs();
    const receipt = formatReceipt({ runId, members, ...place, verified: true, zipBytes: 0, exportedUtcMs });
    return await withReceipt(directory, runId, { ok: true, ...place, verified: true, rootDigest, receipt });
  } catch (error) {
    return failureOf(error);
  }
}

/** The receipt beside what it vouches for. Without room for it no half of it stays, and the failure says what does. */
async function withReceipt(
  directory: FileSystemDirectoryHandle,
  runId: string,
  outcome: Extract<ExportOutcome, { ok: true }>,
): Promise<ExportOutcome> {
  try {
    const handle = await directory.getFileHandle(receiptName(runId), { create: true });
    await writeFile(handle, new Blob([outcome.receipt]), { onBytes: () => undefined });
    return outcome;
  } catch (error) {
    await removeReceipt(directory, runId).catch(() => undefined);
    const failure = failureOf(error);
    return {
      ...failure,
      detail: `${failure.detail}; ${outcome.target} was read back whole, its receipt is missing`,
    };
  }
}

async function removeReceipt(directory: FileSystemDirectoryHandle, runId: string): Promise<void> {
  try {
    await directory.removeEntry(receiptName(runId));
  } catch (error) {
    if (!(error instanceof DOMException && error.name === 'NotFoundError')) throw error;
  }
}

const receiptName = (runId: string): string => `${runId}.receipt.json`;

async function fileAt(
  root: FileSystemDirectoryHandle,
  path: string,
  create: boolean,
): Promise<FileSystemFileHandle> {
  const parts = path.split('/');
  const name = parts.pop() ?? '';
  let folder = root;
  for (const part of parts) folder = await folder.getDirectoryHandle(part, { create });
  return folder.getFileHandle(name, { create });
}

/** The members of a bundle unpacked in a directory. */
export function directoryMembers(root: FileSystemDirectoryHandle): MemberSource {
  return {
    paths: () => pathsIn(root, ''),
    read: (path) => readFile(root, path),
  };
}

async function pathsIn(folder: FileSystemDirectoryHandle, prefix: string): Promise<string[]> {
  const paths: string[] = [];
  for await (const [name, entry] of folder.entries()) {
    if (entry.kind === 'file') paths.push(prefix + name);
    else paths.push(...(await pathsIn(await folder.getDirectoryHandle(name), `${prefix}${name}/`)));
  }
  return paths;
}

async function* readFile(
  root: FileSystemDirectoryHandle,
  path: string,
): AsyncGenerator<Uint8Array, void, void> {
  yield* blobChunks(await (await fileAt(root, path, false)).getFile());
}

import { blobChunks } from '../bundle/blob-bytes.ts';
import type { MemberSource } from '../bundle/verify.ts';
import { failureOf } from './failure.ts';
import { readBack } from './read-back.ts';
import { formatReceipt, rootDigestOf } from './receipt.ts';
import { exportToFile } from './to-file.ts';
import type { ExportJob, ExportOutcome } from './types.ts';
import { writeFile, writeText } from './write-file.ts';
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
    const outcome = await exportToFile(job, handle, { kind: 'directory', target });
    if (outcome.ok) await writeReceipt(directory, job.runId, outcome.receipt);
    return outcome;
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
    });
    if (mismatch !== null) return mismatch;
    const place = { kind: 'directory' as const, target: `${directory.name}/${job.runId}` };
    const { runId, members } = job;
    const exportedUtcMs = job.utcMs();
    const receipt = formatReceipt({ runId, members, ...place, verified: true, zipBytes: 0, exportedUtcMs });
    await writeReceipt(directory, runId, receipt);
    return { ok: true, ...place, verified: true, rootDigest, receipt };
  } catch (error) {
    return failureOf(error);
  }
}

async function writeReceipt(
  directory: FileSystemDirectoryHandle,
  runId: string,
  text: string,
): Promise<void> {
  await writeText(await directory.getFileHandle(`${runId}.receipt.json`, { create: true }), text);
}

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

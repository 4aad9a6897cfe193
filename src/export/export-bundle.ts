import type { BundleMember, Progress } from '../bundle/types.ts';
import { SLOT_FOLDER } from '../storage/folders.ts';
import { exportAsDownload } from './download.ts';
import { failureOf } from './failure.ts';
import { exportZipToDirectory } from './to-directory.ts';
import { exportToFile } from './to-file.ts';
import type { ExportJob, ExportOutcome } from './types.ts';

/** Asks where (needs a user gesture, except for a download), writes there, reads back. Never throws for expected faults. */
export async function exportBundle(
  runId: string,
  kind: 'directory' | 'file' | 'download',
  members: Promise<readonly BundleMember[]> | readonly BundleMember[],
  progress: (p: Progress) => void,
  signal?: AbortSignal,
): Promise<ExportOutcome> {
  try {
    // The picker first: the gesture that allows it does not last.
    const directory = kind === 'directory' ? await pickDirectory() : null;
    const file = kind === 'file' ? await pickFile(runId) : null;
    const slots = await openSlots();
    const job: ExportJob = {
      runId,
      members: await members,
      slotBlob: (slot) => slotBlob(slots, slot),
      progress,
      signal,
      utcMs: () => Date.now(),
    };
    if (directory !== null) return await exportZipToDirectory(job, directory);
    if (file !== null) return await exportToFile(job, file, { kind: 'file', target: file.name });
    return await exportAsDownload(job, document);
  } catch (error) {
    return failureOf(error);
  }
}

function pickDirectory(): Promise<FileSystemDirectoryHandle> {
  return showDirectoryPicker({ id: 'benchseal-export', mode: 'readwrite' });
}

function pickFile(runId: string): Promise<FileSystemFileHandle> {
  return showSaveFilePicker({
    id: 'benchseal-export',
    suggestedName: `${runId}.zip`,
    types: [{ description: 'Benchseal bundle', accept: { 'application/zip': ['.zip'] } }],
  });
}

async function openSlots(): Promise<FileSystemDirectoryHandle> {
  let handle = await navigator.storage.getDirectory();
  for (const name of SLOT_FOLDER.split('/')) handle = await handle.getDirectoryHandle(name);
  return handle;
}

async function slotBlob(slots: FileSystemDirectoryHandle, slot: string): Promise<Blob | null> {
  try {
    return await (await slots.getFileHandle(slot)).getFile();
  } catch (error) {
    if (error instanceof DOMException && error.name === 'NotFoundError') return null;
    throw error;
  }
}

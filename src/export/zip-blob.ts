import { zipLayout } from '../formats/zip64.ts';
import type { ExportJob } from './types.ts';

/** Member → its bytes as a slice of its slot. Nothing is copied. */
export async function memberBlobs(job: ExportJob): Promise<ReadonlyMap<string, Blob>> {
  const blobs = new Map<string, Blob>();
  for (const { path, slot, offset, bytes } of job.members) {
    const file = await job.slotBlob(slot);
    if (file === null || file.size < offset + bytes)
      throw new Error(`${path}: its slot ${slot} is gone or cut`);
    blobs.set(path, file.slice(offset, offset + bytes));
  }
  return blobs;
}

/** The bundle as a stored Zip64 file `<run_id>/…`: header pieces and slices, read only when somebody reads it. */
export async function zipBlob(job: ExportJob): Promise<Blob> {
  const blobs = await memberBlobs(job);
  const layout = zipLayout(
    job.members.map(({ path, bytes, crc32 }) => ({ path: `${job.runId}/${path}`, bytes, crc32 })),
  );
  const pieces: BlobPart[] = layout.members.flatMap(({ header }, index) => {
    const blob = blobs.get(job.members[index]?.path ?? '');
    return blob === undefined ? [header] : [header, blob];
  });
  const zip = new Blob([...pieces, layout.tail], { type: 'application/zip' });
  if (zip.size !== layout.totalBytes)
    throw new Error(`zip has ${zip.size} bytes, its layout says ${layout.totalBytes}`);
  return zip;
}

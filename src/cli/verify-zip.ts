import { open } from 'node:fs/promises';
import { basename } from 'node:path';
import type { VerifyReport } from '../bundle/types.ts';
import { report, verifyBundle } from '../bundle/verify.ts';
import { openZipBundle } from '../bundle/zip-source.ts';

/** Verifies a bundle in a zip on disk. A file that is no such zip is reported as one unreadable member. */
export async function verifyZip(path: string): Promise<VerifyReport> {
  const file = await open(path);
  try {
    const { size } = await file.stat();
    const zip = {
      size,
      async read(offset: number, length: number): Promise<Uint8Array<ArrayBuffer>> {
        const bytes = new Uint8Array(length);
        const { bytesRead } = await file.read(bytes, 0, length, offset);
        return bytes.subarray(0, bytesRead);
      },
    };
    const opened = await openZipBundle(zip, basename(path));
    if (!opened.ok) return report('', [{ kind: 'unreadable', path: basename(path), detail: opened.error }]);
    const { source, bytesTotal, containerProblems } = opened.value;
    const checked = await verifyBundle(source, { bytesTotal });
    return report(checked.rootDigest, [...containerProblems, ...checked.problems]);
  } finally {
    await file.close();
  }
}

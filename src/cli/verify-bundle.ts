import { stat } from 'node:fs/promises';
import { basename } from 'node:path';
import type { VerifyReport } from '../bundle/types.ts';
import { report, verifyBundle } from '../bundle/verify.ts';
import { openZipBundle } from '../bundle/zip-source.ts';
import { folderMembers, openFile } from './node-source.ts';

/** Verifies a bundle in a folder or a zip. */
export async function verifyPath(path: string): Promise<VerifyReport> {
  if ((await stat(path)).isDirectory()) return verifyBundle(folderMembers(path));
  const file = await openFile(path);
  try {
    const zip = await openZipBundle(file.source, basename(path));
    if (!zip.ok) return report('', [{ kind: 'unreadable', path: basename(path), detail: zip.error }]);
    const found = await verifyBundle(zip.value.source);
    return report(found.rootDigest, [...zip.value.containerProblems, ...found.problems]);
  } finally {
    await file.close();
  }
}

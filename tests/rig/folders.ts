import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';

/** Root of the working copy. */
export const ROOT = resolve(import.meta.dirname, '../..');
/** What the tests build once and keep: the stand-in library, the app as tested. */
export const RIG_CACHE = join(ROOT, '.cache/rig');

/** A fresh folder of this test run; its maker removes it. */
export function scratchFolder(purpose: string): string {
  return mkdtempSync(join(tmpdir(), `benchseal-${purpose}-`));
}

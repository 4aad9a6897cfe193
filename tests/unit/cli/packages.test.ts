import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { packagesAreCurrent } from '../../../src/cli/setup.mjs';

let root = '';
beforeEach(() => (root = mkdtempSync(join(tmpdir(), 'benchseal-packages-'))));
afterEach(() => rmSync(root, { recursive: true }));

type Packages = Readonly<Record<string, object>>;
const LOCK: Packages = {
  '': { name: 'x' },
  'node_modules/a': { version: '1.0.0', integrity: 'sha512-a' },
  'node_modules/a-win32': { version: '1.0.0', integrity: 'sha512-w', optional: true },
};

function current(installed: Packages | null): boolean {
  writeFileSync(join(root, 'package-lock.json'), JSON.stringify({ packages: LOCK }));
  mkdirSync(join(root, 'node_modules'), { recursive: true });
  const path = join(root, 'node_modules/.package-lock.json');
  if (installed !== null) writeFileSync(path, JSON.stringify({ packages: installed }));
  return packagesAreCurrent(root);
}

it.each([
  ['nothing', null, false],
  ['all but the package for another platform', { 'node_modules/a': LOCK['node_modules/a'] ?? {} }, true],
  ['another version', { 'node_modules/a': { version: '1.0.1', integrity: 'sha512-a' } }, false],
  ['other bytes', { 'node_modules/a': { version: '1.0.0', integrity: 'sha512-b' } }, false],
  ['an empty folder', {}, false],
] as const)('compares what is installed with the lock file: %s', (_what, installed, expected) => {
  expect(current(installed)).toBe(expected);
});

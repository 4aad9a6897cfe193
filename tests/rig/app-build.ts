import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { RIG_CACHE, ROOT } from './folders.ts';

/** The app as the tests serve it: built beside `dist`, so that a test run never disturbs what is being served there. */
export const APP_FOLDER = join(RIG_CACHE, 'app');
const STAMP = join(RIG_CACHE, 'app.sha256');
const MADE_OF = [
  'index.html',
  'package.json',
  'package-lock.json',
  'vite.config.ts',
  'public',
  'src',
  'workers',
];

function addTo(hash: ReturnType<typeof createHash>, path: string): void {
  if (statSync(path).isDirectory())
    for (const name of readdirSync(path).sort()) addTo(hash, join(path, name));
  else hash.update(path).update('\0').update(readFileSync(path)).update('\0');
}

function sourceDigest(): string {
  const hash = createHash('sha256');
  for (const path of MADE_OF) addTo(hash, join(ROOT, path));
  return hash.digest('hex');
}

/** Runs `vite build` unless the sources are those of the last build. */
export function buildApp(): void {
  const digest = sourceDigest();
  const built =
    existsSync(STAMP) && existsSync(join(APP_FOLDER, 'index.html')) ? readFileSync(STAMP, 'utf8') : '';
  if (built === digest) return;
  const environment = { ...process.env };
  // Vitest's own settings would make a test build of the app.
  for (const name of ['NODE_ENV', 'VITEST', 'TEST', 'MODE', 'DEV', 'PROD']) delete environment[name];
  const { status, stdout, stderr } = spawnSync(
    process.execPath,
    [join(ROOT, 'node_modules/vite/bin/vite.js'), 'build', '--outDir', APP_FOLDER, '--emptyOutDir'],
    { cwd: ROOT, encoding: 'utf8', env: environment },
  );
  if (status !== 0) throw new Error(`vite build failed:\n${stdout}\n${stderr}`);
  writeFileSync(STAMP, digest);
}

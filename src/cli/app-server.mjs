/** Builds the app when its sources changed and serves it on the one port, with its production headers. */
import { spawn, spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { createConnection } from 'node:net';
import { join } from 'node:path';
import { CACHE, DIST, ORIGIN, PORT, ROOT } from './places.mjs';

const VITE = join(ROOT, 'node_modules/vite/bin/vite.js');
const STAMP = join(CACHE, 'dist.sha256');
const MADE_OF = [
  'index.html',
  'package.json',
  'package-lock.json',
  'svelte.config.js',
  'vite.config.ts',
  'public',
  'src',
  'workers',
];
const START_TIMEOUT_MS = 30_000;

/** SHA-256 over names and bytes of all that goes into the build. Times do not count: a clone has new ones. */
export function sourceDigest(root = ROOT) {
  const hash = createHash('sha256');
  const add = (path) => {
    const full = join(root, path);
    if (!existsSync(full)) return;
    if (statSync(full).isDirectory()) for (const name of readdirSync(full).sort()) add(join(path, name));
    else hash.update(`${path}\0`).update(readFileSync(full)).update('\0');
  };
  MADE_OF.forEach(add);
  return hash.digest('hex');
}

/** `vite build`, unless `dist` is of these sources. Throws with the build's output. */
export function ensureBuilt() {
  const digest = sourceDigest();
  const fresh =
    existsSync(STAMP) && readFileSync(STAMP, 'utf8') === digest && existsSync(join(DIST, 'index.html'));
  if (fresh) return;
  console.log('Building the app …');
  const { status, stdout, stderr } = spawnSync(process.execPath, [VITE, 'build', '--logLevel', 'warn'], {
    cwd: ROOT,
    encoding: 'utf8',
  });
  if (status !== 0) throw new Error(`The build failed:\n${stdout}${stderr}`);
  mkdirSync(CACHE, { recursive: true });
  writeFileSync(STAMP, digest);
}

function isListening() {
  return new Promise((resolve) => {
    const socket = createConnection({ port: PORT, host: 'localhost' });
    socket.once('connect', () => resolve(true)).once('error', () => resolve(false));
    socket.once('close', () => socket.destroy()).setTimeout(2000, () => resolve(false));
    socket.once('connect', () => socket.end());
  });
}

/** Who has the port: nobody (`free`), a Benchseal (`benchseal`), or something else (`other`). */
export async function portUser() {
  if (!(await isListening())) return 'free';
  try {
    const answer = await fetch(ORIGIN, { signal: AbortSignal.timeout(3000) });
    return (await answer.text()).includes('<title>Benchseal</title>') ? 'benchseal' : 'other';
  } catch {
    return 'other';
  }
}

/**
 * Serves `dist`; resolves once it answers. `stop` ends the server. The server has a process group of its own, so
 * that Ctrl-C in a terminal reaches us first.
 */
export async function serve() {
  const child = spawn(process.execPath, [VITE, 'preview', '--logLevel', 'warn'], {
    cwd: ROOT,
    stdio: ['ignore', 'ignore', 'pipe'],
    detached: true,
  });
  let complaints = '';
  child.stderr.setEncoding('utf8').on('data', (text) => {
    complaints = (complaints + text).slice(-4000);
  });
  const gone = new Promise((resolve) => child.once('exit', resolve));
  const stop = async () => {
    child.kill('SIGTERM');
    await gone;
  };
  process.once('exit', () => child.kill('SIGTERM'));
  const deadline = Date.now() + START_TIMEOUT_MS;
  while (!(await isListening())) {
    if (child.exitCode !== null) throw new Error(`The server ended: ${complaints.trim()}`);
    if (Date.now() > deadline) {
      await stop();
      throw new Error(`The server did not answer on ${ORIGIN} within ${START_TIMEOUT_MS / 1000} s.`);
    }
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  return { origin: ORIGIN, gone, stop };
}

import { spawn } from 'node:child_process';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { PORT } from '../../src/cli/places.mjs';
import { ROOT } from './folders.ts';
import { waitUntil } from './wait-until.ts';

export interface AppServer {
  readonly origin: string;
  /** Resolves when the process is gone and the port free. */
  stop(): Promise<void>;
}

function isFree(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const probe = createServer()
      .once('error', () => resolve(false))
      .listen(port, 'localhost', () => probe.close(() => resolve(true)));
  });
}

/** Serves `dist` with its production headers. Throws in words when the port is taken. */
export async function startAppServer(port: number = PORT): Promise<AppServer> {
  if (!(await isFree(port)))
    throw new Error(
      `Port ${port} is taken. The tests serve the app there; stop what uses it or set BENCHSEAL_PORT.`,
    );
  const vite = join(ROOT, 'node_modules/vite/bin/vite.js');
  const child = spawn(process.execPath, [vite, 'preview', '--port', String(port), '--strictPort'], {
    cwd: ROOT,
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  let complaints = '';
  child.stderr.setEncoding('utf8').on('data', (text: string) => (complaints += text));
  const gone = new Promise<void>((resolve) => child.once('exit', () => resolve()));
  const origin = `http://localhost:${port}`;
  await waitUntil(`the app server on ${origin}`, 30_000, async () => {
    if (child.exitCode !== null) throw new Error(`vite preview ended: ${complaints}`);
    return fetch(origin).then(
      (answer) => answer.ok,
      () => false,
    );
  });
  return {
    origin,
    async stop() {
      child.kill('SIGKILL');
      await gone;
    },
  };
}

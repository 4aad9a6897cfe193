import { spawnSync } from 'node:child_process';
import { ROOT } from './folders.ts';

/** Builds the app as `npm start` does, unless `dist` is of these sources. */
export function buildApp(): void {
  const environment = { ...process.env };
  // Vitest sets these for its own modules; a build that inherits them is not the one people get.
  for (const name of ['NODE_ENV', 'VITEST', 'TEST', 'MODE', 'DEV', 'PROD']) delete environment[name];
  const program = "import('./src/cli/app-server.mjs').then((server) => server.ensureBuilt())";
  const { status, stdout, stderr } = spawnSync(process.execPath, ['-e', program], {
    cwd: ROOT,
    encoding: 'utf8',
    env: environment,
  });
  if (status !== 0) throw new Error(`The app cannot be built:\n${stdout}\n${stderr}`);
}

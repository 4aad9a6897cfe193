/**
 * `node src/cli/run.mjs <script.ts> [arguments]`: sets up what is missing, then runs a TypeScript command in this very
 * process. One process: a shell or a launcher between it and the terminal would die of the Ctrl-C that it handles.
 */
import { resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import { setup } from './setup.mjs';

const [script, ...rest] = process.argv.slice(2);
try {
  setup();
  const { register } = await import('tsx/esm/api');
  register();
  const path = resolve(script);
  process.argv.splice(1, process.argv.length - 1, path, ...rest);
  await import(pathToFileURL(path).href);
} catch (error) {
  console.error(error instanceof Error ? error.message : String(error));
  process.exit(5);
}

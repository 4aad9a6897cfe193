/** `npm start`: sets up what is missing, builds, serves the kiosk, opens a browser where there is a display. */
import { spawn } from 'node:child_process';
import { ORIGIN, PORT } from './places.mjs';
import { ensureBuilt, portUser, serve } from './app-server.mjs';
import { ensureBrowser, findBrowser, setup } from './setup.mjs';

const flags = process.argv.slice(2);
const hasDisplay = Boolean(process.env.DISPLAY || process.env.WAYLAND_DISPLAY);

/** A missing browser is no reason not to serve: another machine's tunnel, or a browser elsewhere, may be used. */
function browserOrWords() {
  try {
    return hasDisplay ? ensureBrowser() : findBrowser();
  } catch (error) {
    console.log(error.message);
    return null;
  }
}

function openBrowser() {
  if (!hasDisplay || flags.includes('--no-open')) return;
  const browser = browserOrWords();
  if (browser === null) return;
  const args = [`--app=${ORIGIN}/`];
  // Chromium refuses to run sandboxed as root.
  if (process.getuid?.() === 0) args.push('--no-sandbox');
  const child = spawn(browser, args, { stdio: 'ignore', detached: true });
  child.once('error', (error) => console.log(`The browser did not start: ${error.message}`));
  child.unref();
}

async function main() {
  setup();
  const user = await portUser();
  if (user === 'benchseal') {
    console.log(`Benchseal is already running: ${ORIGIN}/`);
    openBrowser();
    return;
  }
  if (user === 'other')
    throw new Error(
      `Port ${PORT} is taken by another program. Recordings and serial grants belong to ${ORIGIN}, so Benchseal does ` +
        'not move to another port by itself. End that program, or set BENCHSEAL_PORT (recordings made so far stay with the old port).',
    );
  ensureBuilt();
  const server = await serve();
  console.log(`\n  Benchseal: ${server.origin}/\n`);
  console.log('  Open it in Chrome or Chromium on this machine. Ctrl-C ends the server.');
  console.log('  Once loaded, the page works without it: install it from the address bar.\n');
  openBrowser();
  for (const signal of ['SIGINT', 'SIGTERM'])
    process.once(signal, () => void server.stop().then(() => process.exit(0)));
  await server.gone;
  throw new Error('The server ended.');
}

main().catch((error) => {
  console.error(error.message);
  process.exit(1);
});

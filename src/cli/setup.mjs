/**
 * Set-up, as far as it is missing: npm packages, and with flags a browser or the test tools. Plain Node, no packages.
 *
 *   node src/cli/setup.mjs [--browser] [--for-tests]
 */
import { execFileSync, spawnSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { ROOT } from './places.mjs';

const BROWSERS = ['chromium', 'chromium-browser', 'google-chrome-stable', 'google-chrome'];
/** Program → Debian package. The tests check bundles with programs that are not ours. */
const TEST_TOOLS = {
  gcc: 'gcc libc6-dev',
  sqlite3: 'sqlite3',
  jq: 'jq',
  unzip: 'unzip',
  sha256sum: 'coreutils',
};

/** Path of a program, or null. */
function find(program) {
  const folders = (process.env.PATH ?? '').split(delimiter);
  return folders.map((folder) => join(folder, program)).find((path) => existsSync(path)) ?? null;
}

/** The browser to use: `BENCHSEAL_BROWSER`, else the system's Chromium or Chrome; null when there is none. */
export function findBrowser() {
  const own = process.env.BENCHSEAL_BROWSER;
  if (own) return own;
  for (const name of BROWSERS) {
    const path = find(name);
    if (path !== null) return path;
  }
  return null;
}

/** True when what is installed is what the lock file says. */
export function packagesAreCurrent(root = ROOT) {
  const installedPath = join(root, 'node_modules/.package-lock.json');
  if (!existsSync(installedPath)) return false;
  const wanted = JSON.parse(readFileSync(join(root, 'package-lock.json'), 'utf8')).packages;
  const installed = JSON.parse(readFileSync(installedPath, 'utf8')).packages;
  return Object.entries(wanted).every(([path, entry]) => {
    if (path === '') return true;
    const there = installed[path];
    // Optional packages are for other platforms.
    if (there === undefined) return entry.optional === true || entry.peer === true;
    return there.version === entry.version && there.integrity === entry.integrity;
  });
}

/**
 * Installs what the lock file says unless it is there. Not `npm ci`: that refuses a lock file that lacks optional
 * packages for other platforms, and some of those were never published in these versions. What came is compared instead.
 */
export function ensurePackages() {
  if (packagesAreCurrent()) return;
  console.log('Installing npm packages …');
  const { status, stdout, stderr } = spawnSync(
    'npm',
    ['install', '--no-save', '--ignore-scripts', '--no-audit', '--no-fund', '--loglevel=error'],
    { cwd: ROOT, encoding: 'utf8' },
  );
  if (status !== 0) throw new Error(`npm install failed. Is the npm registry reachable?\n${stdout}${stderr}`);
  if (!packagesAreCurrent()) throw new Error('npm installed other packages than package-lock.json names.');
}

/** Debian packages, when this is Debian and we may. Throws with the command to type otherwise. */
function installDebian(packages, why) {
  const command = `apt-get install -y --no-install-recommends ${packages.join(' ')}`;
  if (find('apt-get') === null || process.getuid?.() !== 0)
    throw new Error(`${why} Install: ${packages.join(' ')} (Debian: sudo ${command}).`);
  console.log(`${why} Installing ${packages.join(' ')} …`);
  const options = {
    stdio: ['ignore', 'ignore', 'inherit'],
    env: { ...process.env, DEBIAN_FRONTEND: 'noninteractive' },
  };
  execFileSync('apt-get', ['update', '-qq'], options);
  const [program, ...args] = command.split(' ');
  execFileSync(program, args, options);
}

/** The browser's path; installs Chromium on Debian when run as root. */
export function ensureBrowser() {
  const there = findBrowser();
  if (there !== null) return there;
  installDebian(['chromium'], 'No Chromium or Chrome was found.');
  const installed = findBrowser();
  if (installed === null) throw new Error('Chromium was installed but cannot be found on the PATH.');
  return installed;
}

export function ensureTestTools() {
  const missing = Object.entries(TEST_TOOLS).filter(([program]) => find(program) === null);
  if (missing.length === 0) return;
  const packages = missing.flatMap(([, names]) => names.split(' '));
  installDebian(packages, `The tests need ${missing.map(([program]) => program).join(', ')}.`);
}

/** @param {{ browser?: boolean, forTests?: boolean }} [options] */
export function setup({ browser = false, forTests = false } = {}) {
  const [major, minor] = process.versions.node.split('.').map(Number);
  if (major < 20 || (major === 20 && minor < 19))
    throw new Error(`Node 20.19 or newer is needed; this is ${process.versions.node}.`);
  ensurePackages();
  if (browser || forTests) ensureBrowser();
  if (forTests) ensureTestTools();
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) {
  try {
    const flags = process.argv.slice(2);
    setup({ browser: flags.includes('--browser'), forTests: flags.includes('--for-tests') });
  } catch (error) {
    console.error(error.message);
    process.exit(1);
  }
}

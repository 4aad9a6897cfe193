/**
 * `npm test`: set-up, format, lint, types, build, size budget, then the tests (pure, then in real Chromium).
 * `--long` runs the long versions. The last line is `N passed, N failed`; the exit code is 0 only when nothing failed.
 */
import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { ensureBuilt } from './app-server.mjs';
import { CACHE, ROOT } from './places.mjs';
import { setup } from './setup.mjs';
import { CRITICAL_JS_MAX_BYTES, criticalScripts } from './size-budget.mjs';

const long = process.argv.includes('--long');
const env = { ...process.env, ...(long ? { BENCHSEAL_LONG: '1' } : {}) };
let passed = 0;
let failed = 0;
let skipped = 0;

function heading(text) {
  console.log(`\n== ${text}`);
}

function check(name, work) {
  heading(name);
  try {
    work();
  } catch (error) {
    failed += 1;
    console.error(`${name}: failed. ${error.message}`);
  }
}

function npmRun(script) {
  const { status } = spawnSync('npm', ['run', '--silent', script], {
    cwd: ROOT,
    env,
    stdio: ['ignore', 'inherit', 'inherit'],
  });
  if (status !== 0) throw new Error(`npm run ${script} ended with ${status}`);
}

function sizeBudget() {
  const scripts = criticalScripts();
  const total = scripts.reduce((sum, { bytes }) => sum + bytes, 0);
  for (const { path, bytes } of scripts) console.log(`${String(bytes).padStart(8)}  ${path}`);
  console.log(
    `${String(total).padStart(8)}  gzip bytes on the critical path; at most ${CRITICAL_JS_MAX_BYTES}`,
  );
  if (total > CRITICAL_JS_MAX_BYTES) throw new Error(`${total} > ${CRITICAL_JS_MAX_BYTES} bytes`);
}

function vitest(project) {
  const report = join(CACHE, `vitest-${project}.json`);
  mkdirSync(CACHE, { recursive: true });
  rmSync(report, { force: true });
  const args = [
    'run',
    '--project',
    project,
    '--reporter=default',
    '--reporter=json',
    `--outputFile.json=${report}`,
  ];
  const { status } = spawnSync(process.execPath, [join(ROOT, 'node_modules/vitest/vitest.mjs'), ...args], {
    cwd: ROOT,
    env,
    stdio: ['ignore', 'inherit', 'inherit'],
  });
  if (!existsSync(report)) throw new Error(`vitest wrote no report (exit code ${status})`);
  const result = JSON.parse(readFileSync(report, 'utf8'));
  passed += result.numPassedTests;
  skipped += result.numPendingTests + result.numTodoTests;
  // A file that cannot be loaded has no failed test of its own.
  const broken = result.testResults.filter(
    (file) => file.status === 'failed' && !file.assertionResults.some((test) => test.status === 'failed'),
  ).length;
  failed += result.numFailedTests + broken;
  if (status !== 0 && result.numFailedTests + broken === 0) throw new Error(`vitest ended with ${status}`);
}

try {
  setup({ forTests: true });
} catch (error) {
  console.error(error.message);
  console.log('0 passed, 1 failed');
  process.exit(1);
}
check('format', () => npmRun('format:check'));
check('lint', () => npmRun('lint'));
check('types', () => npmRun('types'));
check('build', ensureBuilt);
check('size budget', sizeBudget);
check('tests', () => vitest('pure'));
check('tests in Chromium', () => vitest('chromium'));

if (skipped > 0) console.log(`\n${skipped} skipped`);
console.log(`\n${passed} passed, ${failed} failed`);
process.exit(failed === 0 ? 0 : 1);

import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { chromium, type BrowserContext, type Page } from 'playwright-core';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { build, preview, type PreviewServer, type UserConfig } from 'vite';
import { verifyPath } from '../../src/cli/verify-bundle.ts';
import config from '../../vite.config.ts';
import { RUN_ID } from '../unit/bundle/made-run.ts';
import type { SealPage } from './seal-page/page.ts';

const folder = mkdtempSync(join(tmpdir(), 'benchseal-seal-'));
let server: PreviewServer;
let context: BrowserContext;
let page: Page;

/** The bundle worker as it is built, under the app's own headers: WASM and workers must pass its CSP. */
beforeAll(async () => {
  const root = join(import.meta.dirname, 'seal-page');
  const shared = { root, configFile: false as const, logLevel: 'error' as const };
  const outDir = join(folder, 'dist');
  const { define, worker, preview: served } = config as UserConfig;
  await build({
    ...shared,
    ...(define === undefined ? {} : { define }),
    ...(worker === undefined ? {} : { worker }),
    build: { outDir, target: 'chrome140', modulePreload: { polyfill: false }, assetsInlineLimit: 0 },
  });
  const headers = served?.headers ?? {};
  server = await preview({ ...shared, build: { outDir }, preview: { port: 0, host: 'localhost', headers } });
  context = await chromium.launchPersistentContext(join(folder, 'profile'), {
    executablePath: '/usr/bin/chromium',
    args: ['--no-sandbox', '--disable-quic', '--disable-background-networking', '--disable-component-update'],
  });
  page = await context.newPage();
  await page.goto(server.resolvedUrls?.local[0] ?? '');
  await page.waitForFunction(() => 'sealPage' in globalThis);
});
afterAll(async () => {
  await context?.close();
  await server?.close();
  rmSync(folder, { recursive: true, force: true });
});

type Window = typeof globalThis & { sealPage: SealPage };

it('seals in its worker on real slots, exports, and notices one flipped byte', async () => {
  const journalBytes = await page.evaluate((count) => (globalThis as Window).sealPage.record(count), 20_000);
  expect(Number(journalBytes)).toBeGreaterThan(500_000);
  const { result, phases } = await page.evaluate((id) => (globalThis as Window).sealPage.seal(id), RUN_ID);
  expect(result).toMatchObject({ ok: true, runId: RUN_ID });
  expect(phases).toEqual(expect.arrayContaining(['derive', 'digest', 'verify']));
  expect(await page.evaluate((id) => (globalThis as Window).sealPage.seal(id), RUN_ID)).toMatchObject({
    result: { ok: false, code: 'already_sealed' },
  });
  expect(await page.evaluate(() => (globalThis as Window).sealPage.list())).toMatchObject([
    { run_id: RUN_ID, bundle_status: 'sealed', integrity_status: 'unknown' },
  ]);
  const rootDigest = result.ok ? result.rootDigest : '';

  const zip = await page.evaluate((id) => (globalThis as Window).sealPage.exportZip(id), RUN_ID);
  expect(zip).toMatchObject({ ok: true, kind: 'directory', verified: true, rootDigest });
  const path = join(folder, 'exported.zip');
  const base64 = await page.evaluate(
    (name) => (globalThis as Window).sealPage.exported('stick', name),
    `${RUN_ID}.zip`,
  );
  writeFileSync(path, Buffer.from(base64, 'base64'));
  execFileSync('unzip', ['-q', path, '-d', folder]);
  execFileSync('sha256sum', ['-c', '--quiet', 'manifest.sha256'], { cwd: join(folder, RUN_ID) });
  expect(await verifyPath(path)).toEqual({ integrity: 'ok', rootDigest, problems: [] });
  const unpacked = await page.evaluate((id) => (globalThis as Window).sealPage.exportMembers(id), RUN_ID);
  expect(unpacked).toMatchObject({ ok: true, verified: true, rootDigest });

  const members = await page.evaluate((id) => (globalThis as Window).sealPage.members(id), RUN_ID);
  expect(new Set(members.map(({ slot }) => slot)).size).toBeGreaterThan(4);
  for (const name of ['scalars.parquet', 'run.log']) {
    const { slot, offset, bytes } = members.find((member) => member.path === name) ?? members[0]!;
    const at = offset + Math.floor(bytes / 2);
    await page.evaluate(([where, from]) => (globalThis as Window).sealPage.flip(where, from), [
      slot,
      at,
    ] as const);
    const report = await page.evaluate((id) => (globalThis as Window).sealPage.verify(id), RUN_ID);
    expect(report).toMatchObject({ integrity: 'mismatch' });
    expect(report.problems.map((problem) => problem.path)).toContain(name);
  }
  const refused = await page.evaluate((id) => (globalThis as Window).sealPage.exportZip(id), RUN_ID);
  expect(refused).toMatchObject({ ok: false, code: 'mismatch' });
});

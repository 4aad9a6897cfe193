import { mkdirSync, readFileSync, rmSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import { extname, join } from 'node:path';
import type { Page } from 'playwright-core';
import { build } from 'vite';
import { PORT } from '../../src/cli/places.mjs';
import { Chromium } from '../rig/chromium.ts';
import { RIG_CACHE, scratchFolder } from '../rig/folders.ts';
import type { UsbIdentity } from '../rig/pty-port.ts';
import type { BenchPage } from './page/page.ts';

const SITE = join(RIG_CACHE, 'bench-page');
const TYPES: Record<string, string> = {
  '.html': 'text/html',
  '.js': 'text/javascript',
  '.wasm': 'application/wasm',
};

export async function buildBenchPage(): Promise<void> {
  await build({
    configFile: false,
    root: join(import.meta.dirname, 'page'),
    logLevel: 'error',
    define: {
      __BUILD__: JSON.stringify({
        version: 'bench',
        hash: 'bench',
        gitSha: '',
        gitDirty: false,
        builtUtc: '',
      }),
    },
    worker: { format: 'es' },
    build: { outDir: SITE, emptyOutDir: true, target: 'chrome140', assetsInlineLimit: 0 },
  });
}

/** Serves the built page with the app's isolation headers. */
function serve(port: number): Promise<Server> {
  const server = createServer((request, response) => {
    const path = new URL(request.url ?? '/', 'http://localhost').pathname;
    try {
      const body = readFileSync(join(SITE, path === '/' ? 'index.html' : path));
      response.writeHead(200, {
        'Content-Type': TYPES[extname(path === '/' ? '.html' : path)] ?? TYPES['.html'] ?? '',
        'Cross-Origin-Opener-Policy': 'same-origin',
        'Cross-Origin-Embedder-Policy': 'require-corp',
      });
      response.end(body);
    } catch {
      response.writeHead(404).end();
    }
  });
  return new Promise((resolve, reject) => {
    server.once('error', reject).listen(port, 'localhost', () => resolve(server));
  });
}

/** A fresh browser with the bench page open; everything is cleared away when `work` ends. */
export async function withBenchPage<T>(
  work: (page: Page, chromium: Chromium, devicesFolder: string) => Promise<T>,
  grants: readonly UsbIdentity[] = [],
): Promise<T> {
  const server = await serve(PORT + 3);
  const origin = `http://localhost:${PORT + 3}`;
  const folder = scratchFolder('bench');
  mkdirSync(join(folder, 'devices'));
  const chromium = await Chromium.launch({ origin, devicesFolder: join(folder, 'devices'), grants });
  try {
    const page = await chromium.page();
    await page.goto(origin);
    await page.waitForFunction(() => 'bench' in globalThis);
    return await work(page, chromium, join(folder, 'devices'));
  } finally {
    await chromium.close();
    chromium.removeProfile();
    server.close();
    rmSync(folder, { recursive: true, force: true });
  }
}

export type BenchWindow = { readonly bench: BenchPage };

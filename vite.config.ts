import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { svelte } from '@sveltejs/vite-plugin-svelte';
import { VitePWA } from 'vite-plugin-pwa';
import { defineConfig } from 'vitest/config';

const root = import.meta.dirname;

/** One fixed port: OPFS, serial grants and policies belong to an origin with its port (`design.md` §7). */
const PORT = Number(process.env['BENCHSEAL_PORT'] ?? 4791);

const HEADERS: Record<string, string> = {
  'Cross-Origin-Opener-Policy': 'same-origin',
  'Cross-Origin-Embedder-Policy': 'require-corp',
  'Cross-Origin-Resource-Policy': 'same-origin',
  'X-Content-Type-Options': 'nosniff',
  'Referrer-Policy': 'no-referrer',
  'Permissions-Policy':
    'serial=(self), usb=(self), screen-wake-lock=(self), fullscreen=(self), camera=(), microphone=(), geolocation=(), hid=()',
  'Content-Security-Policy': [
    "default-src 'none'",
    "script-src 'self' 'wasm-unsafe-eval'",
    "style-src 'self'",
    "img-src 'self' blob: data:",
    "font-src 'self'",
    "connect-src 'self'",
    "worker-src 'self'",
    "manifest-src 'self'",
    "base-uri 'none'",
    "object-src 'none'",
    "form-action 'self'",
    "frame-ancestors 'none'",
    "require-trusted-types-for 'script'",
    'trusted-types default svelte-trusted-html',
  ].join('; '),
};

function git(...args: string[]): string {
  try {
    return execFileSync('git', args, {
      cwd: root,
      encoding: 'utf8',
      stdio: ['ignore', 'pipe', 'ignore'],
    }).trim();
  } catch {
    return '';
  }
}

/** SHA-256 over the names and bytes of everything the build is made of: the same sources give the same hash. */
function sourceHash(): string {
  const hash = createHash('sha256');
  const visit = (path: string): void => {
    if (statSync(path).isDirectory()) {
      for (const name of readdirSync(path).sort()) visit(join(path, name));
    } else {
      hash
        .update(`${path.slice(root.length)}\0`)
        .update(readFileSync(path))
        .update('\0');
    }
  };
  for (const path of [
    'index.html',
    'package.json',
    'package-lock.json',
    'vite.config.ts',
    'public',
    'src',
    'workers',
  ])
    visit(join(root, path));
  return hash.digest('hex');
}

const build = {
  version: (JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as { version: string }).version,
  hash: sourceHash(),
  gitSha: git('rev-parse', 'HEAD'),
  gitDirty: git('status', '--porcelain') !== '',
  builtUtc: git('log', '-1', '--format=%cI'),
};

export default defineConfig({
  define: { __BUILD__: JSON.stringify(build) },
  plugins: [
    svelte(),
    VitePWA({
      strategies: 'injectManifest',
      srcDir: 'workers',
      filename: 'service-worker.ts',
      injectRegister: false,
      manifest: false,
      injectManifest: {
        globPatterns: ['**/*.{html,js,css,wasm,svg,png,toml,webmanifest}'],
        // Only a name with a hash says what is in it.
        dontCacheBustURLsMatching: /^assets\/.*-[\w-]{8}\.\w+$/,
        maximumFileSizeToCacheInBytes: 4_000_000,
      },
    }),
  ],
  worker: {
    format: 'es',
    rolldownOptions: {
      output: {
        // A shared worker is known by its URL and name: a page of the next build must reach the conductor that runs.
        entryFileNames: ({ name }) =>
          name === 'conductor' ? 'assets/conductor.js' : 'assets/[name]-[hash].js',
      },
    },
  },
  build: { target: 'chrome140', sourcemap: false, modulePreload: { polyfill: false }, assetsInlineLimit: 0 },
  server: { port: PORT, strictPort: true, host: 'localhost' },
  preview: { port: PORT, strictPort: true, host: 'localhost', headers: HEADERS },
  test: {
    projects: [
      {
        extends: true,
        test: {
          name: 'pure',
          include: ['tests/{unit,contract,sim,fuzz}/**/*.test.ts'],
          environment: 'node',
          testTimeout: 60_000,
        },
      },
      {
        extends: true,
        test: {
          name: 'chromium',
          include: ['tests/{browser,e2e}/**/*.test.ts'],
          environment: 'node',
          testTimeout: 180_000,
          hookTimeout: 180_000,
          fileParallelism: false,
          globalSetup: 'tests/rig/global-setup.ts',
        },
      },
    ],
  },
});

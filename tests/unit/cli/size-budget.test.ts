import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { criticalScripts } from '../../../src/cli/size-budget.mjs';

let dist = '';
beforeEach(() => {
  dist = mkdtempSync(join(tmpdir(), 'benchseal-dist-'));
  mkdirSync(join(dist, 'assets'));
});
afterEach(() => rmSync(dist, { recursive: true }));

it('counts what the page loads with all static imports, once, and nothing that is loaded later', () => {
  const files = {
    'index.html':
      '<link rel="modulepreload" href="/assets/b.js"><script type="module" src="/assets/a.js"></script>',
    'assets/a.js': 'import{x}from"./b.js";import"./c.js";const later=()=>import("./later.js");export{x}',
    'assets/b.js': 'export const x=1',
    'assets/c.js': 'export*from"./b.js"',
    'assets/later.js': 'export const big=1',
  };
  for (const [path, text] of Object.entries(files)) writeFileSync(join(dist, path), text);
  const scripts = criticalScripts(dist);
  expect(scripts.map(({ path }) => path).sort()).toEqual(['assets/a.js', 'assets/b.js', 'assets/c.js']);
  expect(scripts.find(({ path }) => path === 'assets/b.js')?.bytes).toBe(
    gzipSync(files['assets/b.js']).length,
  );
});

/** JavaScript that must arrive before the first screen works: what index.html loads, with all static imports. */
import { readFileSync } from 'node:fs';
import { dirname, join, posix } from 'node:path';
import { gzipSync } from 'node:zlib';
import { DIST } from './places.mjs';

export const CRITICAL_JS_MAX_BYTES = 150_000;

function staticImports(code) {
  // Built chunks import by relative path: `import{a}from"./x-hash.js"`, `import"./x.js"`, `export*from"./x.js"`.
  return [...code.matchAll(/(?:\bfrom|\bimport)\s*["'](\.{1,2}\/[^"']+\.js)["']/g)].map((match) => match[1]);
}

/** gzip sizes by file, largest first. */
export function criticalScripts(dist = DIST) {
  const html = readFileSync(join(dist, 'index.html'), 'utf8');
  const queue = [...html.matchAll(/(?:src|href)="\/([^"]+\.js)"/g)].map((match) => match[1]);
  const sizes = new Map();
  for (const path of queue) {
    if (sizes.has(path)) continue;
    const code = readFileSync(join(dist, path), 'utf8');
    sizes.set(path, gzipSync(code).length);
    queue.push(...staticImports(code).map((other) => posix.join(dirname(path), other)));
  }
  return [...sizes].map(([path, bytes]) => ({ path, bytes })).sort((a, b) => b.bytes - a.bytes);
}

import { fail, ok, type Result } from '../record/problem.ts';

export const DIGEST_LIST_PATH = 'manifest.sha256';
/** Members that are neither listed nor an extra: the list itself, and what is signed over it. */
export const UNLISTED_PATHS: ReadonlySet<string> = new Set([DIGEST_LIST_PATH, 'signature.json']);

export interface Digest {
  readonly path: string;
  /** 64 lower-case hex digits. */
  readonly sha256: string;
}

/** Order of POSIX paths by their UTF-8 bytes, as `sort` does in the C locale. */
export function comparePaths(a: string, b: string): number {
  const left = [...a];
  const right = [...b];
  for (let i = 0; i < Math.min(left.length, right.length); i += 1) {
    const order = (left[i]?.codePointAt(0) ?? 0) - (right[i]?.codePointAt(0) ?? 0);
    if (order !== 0) return order;
  }
  return left.length - right.length;
}

/** `manifest.sha256`: 64 hex, two spaces, path, sorted by path. `sha256sum -c` reads it (`spec/capa.md` §1.3). */
export function formatDigestList(digests: readonly Digest[]): string {
  return [...digests]
    .sort((a, b) => comparePaths(a.path, b.path))
    .map(({ sha256, path }) => `${sha256}  ${path}\n`)
    .join('');
}

const LINE = /^([0-9a-fA-F]{64}) [ *](.+)$/;

/** Accepts `*path` (binary mark) and upper-case digits, as `sha256sum -c` does. The error names the line, from 1. */
export function parseDigestList(text: string): Result<readonly Digest[], string> {
  const digests: Digest[] = [];
  const seen = new Set<string>();
  const lines = text.split('\n');
  if (lines.pop() !== '') return fail('the last line does not end with a newline');
  for (const [index, line] of lines.entries()) {
    const [, sha256, path] = LINE.exec(line) ?? [];
    if (sha256 === undefined || path === undefined)
      return fail(`line ${index + 1} is not "<64 hex>  <path>"`);
    if (!isSafePath(path)) return fail(`line ${index + 1}: path ${JSON.stringify(path)} is not allowed`);
    if (seen.has(path)) return fail(`line ${index + 1}: path ${path} is listed twice`);
    seen.add(path);
    digests.push({ path, sha256: sha256.toLowerCase() });
  }
  return ok(digests);
}

/** Relative, forward slashes, no `.` or `..` parts, no control characters: it may be joined to a folder. */
export function isSafePath(path: string): boolean {
  // eslint's no-control-regex is not wanted here, so the check is by code.
  for (const char of path) if ((char.codePointAt(0) ?? 0) < 0x20) return false;
  return (
    path.length > 0 &&
    !path.includes('\\') &&
    path.split('/').every((part) => part !== '' && part !== '.' && part !== '..')
  );
}

import {
  DIGEST_LIST_PATH,
  formatDigestList,
  parseDigestList,
  UNLISTED_PATHS,
} from '../formats/digest-list.ts';
import { Digester } from './digest.ts';
import type { Progress, VerifyReport } from './types.ts';

/** The members of a bundle wherever they lie: slots, a directory, a zip. */
export interface MemberSource {
  paths(): Promise<readonly string[]>;
  /** May throw: the member is then reported as unreadable. */
  read(path: string): AsyncIterable<Uint8Array>;
}

export type VerifyProblem = VerifyReport['problems'][number];

export interface VerifyOptions {
  readonly progress?: (progress: Progress) => void;
  readonly bytesTotal?: number;
  /** Root digest kept elsewhere (slot header, receipt); a list that differs from it was rewritten. */
  readonly rootDigest?: string;
  /** Aborted: throws its reason at the next chunk. */
  readonly signal?: AbortSignal | undefined;
}

/** A list of digests longer than this is not one of ours. */
const LIST_BYTES_MAX = 16 * 1024 * 1024;

/**
 * Compares every member with `manifest.sha256`. Reports, never rewrites (`design.md` §3.10). Status as
 * `spec/capa.md` §1.3: `mismatch` if any digest differs, `partial` if members are only missing or extra.
 */
export async function verifyBundle(source: MemberSource, options: VerifyOptions = {}): Promise<VerifyReport> {
  const digester = await Digester.create();
  const present = new Set(await source.paths());
  if (!present.has(DIGEST_LIST_PATH))
    return report('', [problem('missing', DIGEST_LIST_PATH, 'without it nothing can be compared')]);
  const list = await readList(source);
  if (list instanceof Error) return report('', [problem('unreadable', DIGEST_LIST_PATH, list.message)]);
  const rootDigest = digester.digestBytes(list).sha256;
  const problems: VerifyProblem[] = [];
  if (options.rootDigest !== undefined && options.rootDigest !== rootDigest)
    problems.push(
      problem(
        'digest_mismatch',
        DIGEST_LIST_PATH,
        `root digest is ${rootDigest}, expected ${options.rootDigest}`,
      ),
    );
  const text = new TextDecoder().decode(list);
  const parsed = parseDigestList(text);
  if (!parsed.ok)
    return report(rootDigest, [...problems, problem('unreadable', DIGEST_LIST_PATH, parsed.error)]);
  // Two spellings of one list would let a byte change unseen.
  if (formatDigestList(parsed.value) !== text)
    problems.push(problem('digest_mismatch', DIGEST_LIST_PATH, 'not in the form it is written in'));
  problems.push(...(await compareMembers(source, digester, parsed.value, present, options)));
  return report(rootDigest, problems);
}

async function compareMembers(
  source: MemberSource,
  digester: Digester,
  listed: readonly { readonly path: string; readonly sha256: string }[],
  present: ReadonlySet<string>,
  { progress, signal, bytesTotal = 0 }: VerifyOptions,
): Promise<VerifyProblem[]> {
  const problems: VerifyProblem[] = [];
  let bytesDone = 0;
  for (const { path, sha256 } of listed) {
    if (!present.has(path)) {
      problems.push(problem('missing', path, 'listed, not there'));
      continue;
    }
    try {
      const found = await digester.digest(source.read(path), (bytes) => {
        signal?.throwIfAborted();
        bytesDone += bytes;
        progress?.({ phase: 'verify', bytesDone, bytesTotal: Math.max(bytesDone, bytesTotal) });
      });
      if (found.sha256 !== sha256)
        problems.push(problem('digest_mismatch', path, `sha256 is ${found.sha256}, expected ${sha256}`));
    } catch (error) {
      signal?.throwIfAborted();
      problems.push(problem('unreadable', path, words(error)));
    }
  }
  const known = new Set(listed.map(({ path }) => path));
  for (const path of present)
    if (!known.has(path) && !UNLISTED_PATHS.has(path))
      problems.push(problem('extra', path, 'there, not listed'));
  return problems;
}

async function readList(source: MemberSource): Promise<Uint8Array | Error> {
  const chunks: Uint8Array[] = [];
  let bytes = 0;
  try {
    for await (const chunk of source.read(DIGEST_LIST_PATH)) {
      chunks.push(chunk);
      bytes += chunk.length;
      if (bytes > LIST_BYTES_MAX) return new Error(`longer than ${LIST_BYTES_MAX} bytes`);
    }
  } catch (error) {
    return error instanceof Error ? error : new Error(String(error));
  }
  const list = new Uint8Array(bytes);
  let at = 0;
  for (const chunk of chunks) {
    list.set(chunk, at);
    at += chunk.length;
  }
  return list;
}

export function report(rootDigest: string, problems: readonly VerifyProblem[]): VerifyReport {
  const isMismatch = problems.some(({ kind }) => kind === 'digest_mismatch' || kind === 'unreadable');
  const integrity = problems.length === 0 ? 'ok' : isMismatch ? 'mismatch' : 'partial';
  return { integrity, rootDigest, problems };
}

function problem(kind: VerifyProblem['kind'], path: string, detail: string): VerifyProblem {
  return { kind, path, detail };
}

export function words(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

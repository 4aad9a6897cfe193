import { crc32 } from '../formats/crc32.ts';
import { DIGEST_LIST_PATH, isSafePath } from '../formats/digest-list.ts';
import { readZip, type ByteSource, type ZipEntry } from '../formats/zip-reader.ts';
import { zipLayout } from '../formats/zip64.ts';
import { fail, ok, type Result } from '../record/problem.ts';
import { READ_BYTES } from './blob-bytes.ts';
import type { MemberSource, VerifyProblem } from './verify.ts';

export interface ZipBundle {
  /** Folder at the top of the zip: the run id. */
  readonly root: string;
  readonly source: MemberSource;
  readonly bytesTotal: number;
  /** Bytes between the members that are not as this layout writes them. Empty for a zip another tool packed. */
  readonly containerProblems: readonly VerifyProblem[];
}

const STORED = 0;
const DEFLATED = 8;

/** A bundle in a zip, ours (stored, seekable) or packed again by another tool (deflate). */
export async function openZipBundle(zip: ByteSource, name: string): Promise<Result<ZipBundle, string>> {
  const entries = await readZip(zip);
  if (!entries.ok) return entries;
  const files = entries.value.filter(({ path, bytes }) => !(path.endsWith('/') && bytes === 0));
  const root = files[0]?.path.split('/')[0] ?? '';
  const members = new Map<string, ZipEntry>();
  for (const entry of files) {
    const path = entry.path.slice(root.length + 1);
    if (!entry.path.startsWith(`${root}/`) || !isSafePath(path))
      return fail(`${entry.path}: not inside the one folder ${root}/`);
    if (members.has(path)) return fail(`${entry.path}: twice in this zip`);
    members.set(path, entry);
  }
  return ok({
    root,
    source: {
      paths: () => Promise.resolve([...members.keys()]),
      read: (path) => readEntry(zip, members.get(path), path),
    },
    bytesTotal: files.reduce((sum, { bytes }) => sum + bytes, 0),
    containerProblems: [
      ...(await checkContainer(zip, entries.value, name)),
      ...(await checkDigestList(zip, members.get(DIGEST_LIST_PATH))),
    ],
  });
}

/** Nothing lists the list: only the zip's own CRC tells a changed digest line from a changed member. */
async function checkDigestList(
  zip: ByteSource,
  entry: ZipEntry | undefined,
): Promise<readonly VerifyProblem[]> {
  if (entry === undefined) return [];
  let found = 0;
  try {
    for await (const chunk of readEntry(zip, entry, DIGEST_LIST_PATH)) found = crc32(chunk, found);
  } catch {
    // Said by the verification itself, which reads it as well.
    return [];
  }
  if (found === entry.crc32) return [];
  const hex = (crc: number) => crc.toString(16).padStart(8, '0');
  const detail = `CRC-32 is ${hex(found)}, the zip says ${hex(entry.crc32)}`;
  return [{ kind: 'digest_mismatch', path: DIGEST_LIST_PATH, detail }];
}

async function* readEntry(
  zip: ByteSource,
  entry: ZipEntry | undefined,
  path: string,
): AsyncGenerator<Uint8Array, void, void> {
  if (entry === undefined) throw new Error(`no member ${path}`);
  if (entry.method === STORED) yield* rawBytes(zip, entry);
  else if (entry.method === DEFLATED) yield* inflate(rawBytes(zip, entry));
  else throw new Error(`compression method ${entry.method} is not read`);
}

async function* rawBytes(
  zip: ByteSource,
  entry: ZipEntry,
): AsyncGenerator<Uint8Array<ArrayBuffer>, void, void> {
  for (let at = 0; at < entry.storedBytes; at += READ_BYTES) {
    const length = Math.min(READ_BYTES, entry.storedBytes - at);
    const bytes = await zip.read(entry.dataOffset + at, length);
    if (bytes.length !== length) throw new Error(`read ${bytes.length} of ${length} bytes`);
    yield new Uint8Array(bytes);
  }
}

async function* inflate(
  chunks: AsyncIterator<Uint8Array<ArrayBuffer>>,
): AsyncGenerator<Uint8Array, void, void> {
  const deflated = new ReadableStream<Uint8Array<ArrayBuffer>>({
    async pull(controller) {
      const next = await chunks.next();
      if (next.done === true) controller.close();
      else controller.enqueue(next.value);
    },
  });
  yield* deflated.pipeThrough(new DecompressionStream('deflate-raw'));
}

/**
 * A zip of ours is a pure function of names, sizes and CRCs (`formats/zip64.ts`): any other byte between its members
 * was changed after export. A zip that is not of that shape was packed by another tool; its members still count.
 */
async function checkContainer(
  zip: ByteSource,
  entries: readonly ZipEntry[],
  name: string,
): Promise<readonly VerifyProblem[]> {
  if (entries.some(({ method }) => method !== STORED)) return [];
  const layout = zipLayout(entries);
  if (
    layout.totalBytes !== zip.size ||
    layout.members.some(({ dataOffset }, i) => dataOffset !== entries[i]?.dataOffset)
  )
    return [];
  const pieces = [
    ...layout.members.map(({ path, headerOffset, header }) => ({
      what: path,
      at: headerOffset,
      bytes: header,
    })),
    { what: 'directory', at: layout.tailOffset, bytes: layout.tail },
  ];
  const problems: VerifyProblem[] = [];
  for (const { what, at, bytes } of pieces) {
    const found = await zip.read(at, bytes.length);
    if (found.length !== bytes.length || found.some((byte, index) => byte !== bytes[index]))
      problems.push({ kind: 'unreadable', path: name, detail: `zip header of ${what} was changed` });
  }
  return problems;
}

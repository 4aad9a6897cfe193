import { fail, ok, type Result } from '../record/problem.ts';
import { SIGNATURE, ZIP64_EXTRA_ID } from './zip64.ts';

/** Random access to a file: a `Blob`, a file descriptor. */
export interface ByteSource {
  readonly size: number;
  /** Exactly `length` bytes from `offset`, fewer only at the end. */
  read(offset: number, length: number): Promise<Uint8Array>;
}

export interface ZipEntry {
  readonly path: string;
  readonly bytes: number;
  readonly storedBytes: number;
  readonly crc32: number;
  /** 0 = stored, 8 = deflate. */
  readonly method: number;
  readonly dataOffset: number;
}

const END_SEARCH_BYTES = 65_557;
const ENTRIES_MAX = 100_000;
const DIRECTORY_BYTES_MAX = 64 * 1024 * 1024;

/** Directory of a zip, Zip64 or not, in its own order. Anything it cannot vouch for is an error in words. */
export async function readZip(source: ByteSource): Promise<Result<readonly ZipEntry[], string>> {
  const end = await findEnd(source);
  if (!end.ok) return end;
  const { count, directoryOffset, directoryBytes } = end.value;
  if (count > ENTRIES_MAX || directoryBytes > DIRECTORY_BYTES_MAX)
    return fail(`directory of ${count} entries, ${directoryBytes} bytes, is beyond what is read`);
  const bytes = await source.read(directoryOffset, directoryBytes);
  if (bytes.length !== directoryBytes) return fail('directory lies beyond the end of the file');
  const view = viewOf(bytes);
  const entries: ZipEntry[] = [];
  for (let at = 0, index = 0; index < count; index += 1) {
    const record = readCentral(view, bytes, at);
    if (!record.ok) return fail(`directory entry ${index}: ${record.error}`);
    at = record.value.next;
    const dataOffset = await dataOffsetOf(source, record.value.headerOffset, record.value.entry);
    if (!dataOffset.ok) return fail(`${record.value.entry.path}: ${dataOffset.error}`);
    entries.push({ ...record.value.entry, dataOffset: dataOffset.value });
  }
  return ok(entries);
}

interface End {
  readonly count: number;
  readonly directoryOffset: number;
  readonly directoryBytes: number;
}

async function findEnd(source: ByteSource): Promise<Result<End, string>> {
  const from = Math.max(0, source.size - END_SEARCH_BYTES);
  const bytes = await source.read(from, source.size - from);
  const view = viewOf(bytes);
  for (let at = bytes.length - 22; at >= 0; at -= 1) {
    if (
      view.getUint32(at, true) !== SIGNATURE.end ||
      at + 22 + view.getUint16(at + 20, true) !== bytes.length
    )
      continue;
    const plain = {
      count: view.getUint16(at + 10, true),
      directoryBytes: view.getUint32(at + 12, true),
      directoryOffset: view.getUint32(at + 16, true),
    };
    if (at < 20 || view.getUint32(at - 20, true) !== SIGNATURE.locator64) return ok(plain);
    const record = await source.read(safe(view.getBigUint64(at - 12, true)), 56);
    if (record.length < 56 || viewOf(record).getUint32(0, true) !== SIGNATURE.end64)
      return fail('Zip64 end record is not where its locator says');
    const end64 = viewOf(record);
    return ok({
      count: safe(end64.getBigUint64(32, true)),
      directoryBytes: safe(end64.getBigUint64(40, true)),
      directoryOffset: safe(end64.getBigUint64(48, true)),
    });
  }
  return fail('no end of a zip directory found: not a zip file, or cut short');
}

type Central = {
  readonly entry: Omit<ZipEntry, 'dataOffset'>;
  readonly headerOffset: number;
  readonly next: number;
};

function readCentral(view: DataView, bytes: Uint8Array, at: number): Result<Central, string> {
  if (at + 46 > bytes.length || view.getUint32(at, true) !== SIGNATURE.central)
    return fail('no directory record');
  const nameLength = view.getUint16(at + 28, true);
  const extraLength = view.getUint16(at + 30, true);
  const next = at + 46 + nameLength + extraLength + view.getUint16(at + 32, true);
  if (next > bytes.length) return fail('record runs past the directory');
  if ((view.getUint16(at + 8, true) & 1) !== 0) return fail('encrypted');
  const sizes = [view.getUint32(at + 24, true), view.getUint32(at + 20, true), view.getUint32(at + 42, true)];
  const wide = widen(view, at + 46 + nameLength, extraLength, sizes);
  const [size, storedBytes, headerOffset] = wide;
  if (size === undefined || storedBytes === undefined || headerOffset === undefined)
    return fail('Zip64 sizes are missing');
  let path: string;
  try {
    path = new TextDecoder('utf-8', { fatal: true }).decode(bytes.subarray(at + 46, at + 46 + nameLength));
  } catch {
    return fail('name is not UTF-8');
  }
  const method = view.getUint16(at + 10, true);
  return ok({
    entry: { path, bytes: size, storedBytes, crc32: view.getUint32(at + 16, true), method },
    headerOffset,
    next,
  });
}

/** Replaces each 0xFFFFFFFF by its 64-bit value, in the order the extra field holds them. */
function widen(view: DataView, at: number, length: number, sizes: readonly number[]): (number | undefined)[] {
  for (let field = at; field + 4 <= at + length; field += 4 + view.getUint16(field + 2, true)) {
    if (view.getUint16(field, true) !== ZIP64_EXTRA_ID) continue;
    const end = Math.min(field + 4 + view.getUint16(field + 2, true), at + length);
    let cursor = field + 4;
    return sizes.map((value) => {
      if (value !== 0xffffffff) return value;
      if (cursor + 8 > end) return undefined;
      cursor += 8;
      return safe(view.getBigUint64(cursor - 8, true));
    });
  }
  return sizes.map((value) => (value === 0xffffffff ? undefined : value));
}

async function dataOffsetOf(
  source: ByteSource,
  headerOffset: number,
  entry: Omit<ZipEntry, 'dataOffset'>,
): Promise<Result<number, string>> {
  const header = await source.read(headerOffset, 30);
  const view = viewOf(header);
  if (header.length < 30 || view.getUint32(0, true) !== SIGNATURE.local) return fail('no local header');
  const dataOffset = headerOffset + 30 + view.getUint16(26, true) + view.getUint16(28, true);
  if (dataOffset + entry.storedBytes > source.size) return fail('runs past the end of the file');
  if (entry.method === 0 && entry.bytes !== entry.storedBytes)
    return fail(`stored with ${entry.storedBytes} bytes, said to have ${entry.bytes}`);
  return ok(dataOffset);
}

/** Offsets beyond 2^53 cannot lie in any file; clamped so that reads there come back short. */
function safe(value: bigint): number {
  return value > BigInt(Number.MAX_SAFE_INTEGER) ? Number.MAX_SAFE_INTEGER : Number(value);
}

function viewOf(bytes: Uint8Array): DataView {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}

import { execFileSync } from 'node:child_process';
import { closeSync, mkdtempSync, openSync, readSync, rmSync, writeFileSync, writeSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { BlobReader, Reader, TextWriter, Uint8ArrayWriter, ZipReader } from '@zip.js/zip.js';
import { crc32 } from 'hash-wasm';
import { afterAll, describe, expect, it } from 'vitest';
import { readZip, type ByteSource } from '../../../src/formats/zip-reader.ts';
import { zipLayout } from '../../../src/formats/zip64.ts';

const folder = mkdtempSync(join(tmpdir(), 'zip64-'));
afterAll(() => rmSync(folder, { recursive: true }));

async function zipOf(members: Record<string, Uint8Array<ArrayBuffer>>): Promise<Uint8Array<ArrayBuffer>> {
  const described = await Promise.all(
    Object.entries(members).map(async ([path, data]) => ({
      path,
      bytes: data.length,
      crc32: parseInt(await crc32(data), 16),
    })),
  );
  const layout = zipLayout(described);
  const all = new Uint8Array(layout.totalBytes);
  for (const member of layout.members) {
    all.set(member.header, member.headerOffset);
    all.set(members[member.path] ?? new Uint8Array(), member.dataOffset);
  }
  all.set(layout.tail, layout.tailOffset);
  return all;
}

function bytesSource(bytes: Uint8Array): ByteSource {
  return {
    size: bytes.length,
    read: (offset, length) => Promise.resolve(bytes.slice(offset, offset + length)),
  };
}

class FileReader extends Reader<number> {
  readonly #file: number;
  constructor(file: number, size: number) {
    super(file);
    this.#file = file;
    this.size = size;
  }
  override readUint8Array(index: number, length: number): Promise<Uint8Array<ArrayBuffer>> {
    const into = new Uint8Array(length);
    return Promise.resolve(into.subarray(0, readSync(this.#file, into, 0, length, index)));
  }
}

const text = (value: string) => new TextEncoder().encode(value);

describe('zip64 layout', () => {
  const members = {
    'run/manifest.json': text('{}\n'),
    'run/é/データ.txt': text('x'.repeat(1000)),
    'run/empty': text(''),
  };

  it('is read by unzip, zip.js and our own reader, byte for byte', async () => {
    const bytes = await zipOf(members);
    const path = join(folder, 'a.zip');
    writeFileSync(path, bytes);
    expect(execFileSync('unzip', ['-t', path]).toString()).toContain('No errors detected');
    expect(execFileSync('unzip', ['-p', path, 'run/manifest.json']).toString()).toBe('{}\n');
    const reader = new ZipReader(new BlobReader(new Blob([bytes])), { checkSignature: true });
    for (const entry of await reader.getEntries())
      if (!entry.directory) {
        expect(entry.zip64).toBe(true);
        expect(text(await entry.getData(new TextWriter()))).toEqual(
          members[entry.filename as keyof typeof members],
        );
      }
    const own = await readZip(bytesSource(bytes));
    if (!own.ok) throw new Error(own.error);
    expect(own.value.map(({ path: name }) => name)).toEqual(Object.keys(members));
    for (const entry of own.value)
      expect(bytes.slice(entry.dataOffset, entry.dataOffset + entry.bytes)).toEqual(
        members[entry.path as keyof typeof members],
      );
  });

  it('gives the same bytes twice', async () => {
    expect(await zipOf(members)).toEqual(await zipOf(members));
  });

  it('places a member beyond 4 GiB: sparse file, read by unzip and zip.js', async () => {
    const huge = 4_600_000_000;
    const tailData = text('after');
    const layout = zipLayout([
      { path: 'run/huge.bin', bytes: huge, crc32: 0 },
      { path: 'run/after.txt', bytes: 5, crc32: parseInt(await crc32(tailData), 16) },
    ]);
    const path = join(folder, 'huge.zip');
    const file = openSync(path, 'w');
    for (const member of layout.members)
      writeSync(file, member.header, 0, member.header.length, member.headerOffset);
    writeSync(file, tailData, 0, 5, layout.members[1]?.dataOffset ?? 0);
    writeSync(file, layout.tail, 0, layout.tail.length, layout.tailOffset);
    closeSync(file);
    expect(execFileSync('unzip', ['-p', path, 'run/after.txt']).toString()).toBe('after');
    const read = openSync(path, 'r');
    const reader = new ZipReader(new FileReader(read, layout.totalBytes));
    const [first, second] = await reader.getEntries();
    expect(first?.uncompressedSize).toBe(huge);
    if (second === undefined || second.directory) throw new Error('second entry missing');
    expect(await second.getData(new Uint8ArrayWriter())).toEqual(tailData);
    closeSync(read);
  });

  it('refuses what is cut short, at every length', async () => {
    const bytes = await zipOf({ a: text('hello') });
    for (let length = 0; length < bytes.length; length += 1)
      expect((await readZip(bytesSource(bytes.slice(0, length)))).ok).toBe(false);
  });
});

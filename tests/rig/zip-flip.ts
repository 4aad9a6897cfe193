import { closeSync, openSync, readFileSync, readSync, writeSync } from 'node:fs';
import { BlobReader, ZipReader } from '@zip.js/zip.js';

export interface ZipPlace {
  /** Path in the bundle, without the run's folder. */
  readonly member: string;
  readonly dataOffset: number;
  readonly bytes: number;
}

/** Where the bytes of each member lie in a zip of stored members. */
export async function zipEntries(zip: string): Promise<ZipPlace[]> {
  const file = readFileSync(zip);
  const reader = new ZipReader(new BlobReader(new Blob([file])));
  const entries = await reader.getEntries();
  await reader.close();
  return entries
    .filter((entry) => !entry.directory)
    .map((entry) => {
      const header = entry.offset;
      // Local file header: 30 bytes, then name and extra field with their own lengths.
      const dataOffset = header + 30 + file.readUInt16LE(header + 26) + file.readUInt16LE(header + 28);
      return {
        member: entry.filename.slice(entry.filename.indexOf('/') + 1),
        dataOffset,
        bytes: entry.uncompressedSize,
      };
    });
}

/** First, last and a few bytes between, of every member. */
export function flippableBytes(places: readonly ZipPlace[]): { member: string; offset: number }[] {
  return places.flatMap(({ member, dataOffset, bytes }) => {
    const steps = [0, 0.21, 0.5, 0.83, 1].map((part) => Math.round(part * (bytes - 1)));
    return bytes === 0 ? [] : [...new Set(steps)].map((at) => ({ member, offset: dataOffset + at }));
  });
}

/** Changes one byte in the file; call the result to change it back. */
export function flipByte(file: string, offset: number): () => void {
  const flip = (): void => {
    const descriptor = openSync(file, 'r+');
    const byte = new Uint8Array(1);
    readSync(descriptor, byte, 0, 1, offset);
    byte[0] = (byte[0] ?? 0) ^ 0x01;
    writeSync(descriptor, byte, 0, 1, offset);
    closeSync(descriptor);
  };
  flip();
  return flip;
}

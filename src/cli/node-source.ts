import { createReadStream } from 'node:fs';
import { open, readdir, type FileHandle } from 'node:fs/promises';
import { join } from 'node:path';
import type { MemberSource } from '../bundle/verify.ts';
import type { ByteSource } from '../formats/zip-reader.ts';

/** A bundle unpacked in a folder. Symbolic links are not followed: they are reported as extra or missing. */
export function folderMembers(root: string): MemberSource {
  return {
    paths: () => filesIn(root, ''),
    read: (path) => createReadStream(join(root, path), { highWaterMark: 1 << 20 }),
  };
}

async function filesIn(root: string, prefix: string): Promise<string[]> {
  const paths: string[] = [];
  for (const entry of await readdir(join(root, prefix), { withFileTypes: true })) {
    const path = prefix + entry.name;
    if (entry.isDirectory()) paths.push(...(await filesIn(root, `${path}/`)));
    else paths.push(path);
  }
  return paths;
}

/** Random access to a file on disk; the caller closes it. */
export async function openFile(
  path: string,
): Promise<{ readonly source: ByteSource; close(): Promise<void> }> {
  const file: FileHandle = await open(path, 'r');
  const { size } = await file.stat();
  const read = async (offset: number, length: number) => {
    const wanted = Math.max(0, Math.min(length, size - offset));
    const bytes = new Uint8Array(wanted);
    let done = 0;
    while (done < wanted) {
      const { bytesRead } = await file.read(bytes, done, wanted - done, offset + done);
      if (bytesRead === 0) break;
      done += bytesRead;
    }
    return bytes.subarray(0, done);
  };
  return { source: { size, read }, close: () => file.close() };
}

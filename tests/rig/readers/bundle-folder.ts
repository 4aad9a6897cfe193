import { existsSync, mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import { BlobReader, Uint8ArrayWriter, ZipReader, configure } from '@zip.js/zip.js';
import { readIndexed, type IndexedPart } from './mcap-file.ts';
import { sqlite, type SqlRow } from './sqlite-program.ts';

configure({ useWebWorkers: false });

/** Unzips with another implementation than the one that wrote it; returns the folder of the bundle inside. */
export async function unzipBundle(zip: string, into: string): Promise<BundleFolder> {
  const blob = new Blob([readFileSync(zip)]);
  const reader = new ZipReader(new BlobReader(blob), { checkSignature: true });
  let top: string | null = null;
  for (const entry of await reader.getEntries()) {
    if (entry.directory) continue;
    const [first = ''] = entry.filename.split('/');
    if (top !== null && top !== first) throw new Error(`two top folders in ${zip}: ${top}, ${first}`);
    top = first;
    const path = join(into, entry.filename);
    if (relative(into, path).startsWith('..')) throw new Error(`${entry.filename} leaves the folder`);
    mkdirSync(dirname(path), { recursive: true });
    writeFileSync(path, await entry.getData(new Uint8ArrayWriter()));
  }
  await reader.close();
  if (top === null) throw new Error(`${zip} is empty`);
  return new BundleFolder(join(into, top), zip);
}

interface Manifest {
  readonly run_id: string;
  readonly run_status: string;
  readonly bundle_status: string;
  readonly exit_reason: string | null;
  readonly integrity: { readonly status: string };
  readonly [key: string]: unknown;
}

/** A bundle as an analyst has it: a folder of files. */
export class BundleFolder {
  readonly path: string;
  /** The zip it came out of. */
  readonly zip: string;
  constructor(path: string, zip: string) {
    this.path = path;
    this.zip = zip;
  }

  file(member: string): string {
    return join(this.path, member);
  }

  has(member: string): boolean {
    return existsSync(this.file(member));
  }

  text(member: string): string {
    return readFileSync(this.file(member), 'utf8');
  }

  manifest(): Manifest {
    return JSON.parse(this.text('manifest.json')) as Manifest;
  }

  /** Every file, relative, sorted. */
  members(): string[] {
    const walk = (folder: string): string[] =>
      readdirSync(folder).flatMap((name) => {
        const path = join(folder, name);
        return statSync(path).isDirectory() ? walk(path) : [relative(this.path, path)];
      });
    return walk(this.path).sort();
  }

  events(): SqlRow[] {
    return sqlite(this.file('events.sqlite'), 'SELECT * FROM events ORDER BY id');
  }

  parts(): string[] {
    return this.members().filter((member) => /^mcap\/.*\.mcap$/.test(member));
  }

  /** All parts through the stock indexed reader, in part order. */
  async journal(): Promise<IndexedPart['items']> {
    const parts: IndexedPart[] = [];
    for (const part of this.parts()) parts.push(await readIndexed(this.file(part)));
    return parts.flatMap((part) => part.items);
  }
}

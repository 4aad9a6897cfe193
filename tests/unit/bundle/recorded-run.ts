import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { loadSqlite } from '../../../src/storage/sqlite-engine.ts';
import { SqliteFiles } from '../../../src/storage/sqlite-files.ts';
import { loadZstd } from '../journal/zstd.ts';

const wasmBinary = readFileSync(
  createRequire(import.meta.url).resolve('@journeyapps/wa-sqlite/dist/wa-sqlite.wasm'),
);

/** Loaded once: a second `init` of the module breaks what the first one handed out. */
let zstd: ReturnType<typeof loadZstd> | null = null;
export const codec = () => (zstd ??= loadZstd());

export async function sqliteFiles(): Promise<SqliteFiles> {
  return new SqliteFiles((await loadSqlite(wasmBinary)).module);
}

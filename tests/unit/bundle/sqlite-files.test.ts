import { readFileSync, writeFileSync, mkdtempSync, rmSync } from 'node:fs';
import { execFileSync } from 'node:child_process';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import SQLiteModule from '@journeyapps/wa-sqlite/dist/wa-sqlite.mjs';
import { expect, it } from 'vitest';
import { Spool } from '../../../src/bundle/spool.ts';
import { STATUS_INSERT, STATUS_SCHEMA } from '../../../src/formats/status-sqlite.ts';
import { SqliteFiles } from '../../../src/storage/sqlite-files.ts';

const wasmBinary = readFileSync(
  createRequire(import.meta.url).resolve('@journeyapps/wa-sqlite/dist/wa-sqlite.wasm'),
);
const never = () => Promise.reject(new Error('no slot here'));

async function statusFile(files: SqliteFiles): Promise<Uint8Array> {
  const spool = new Spool('status.sqlite', never);
  const database = await files.create(spool);
  for (const sql of STATUS_SCHEMA) await database.run(sql);
  await database.insertAll(
    STATUS_INSERT,
    Array.from({ length: 1000 }, (_, i) => [
      'alicat',
      `mfc${i % 3}`,
      i * 1e12,
      '2026-01-01T00:00:00.000000Z',
      'ok',
      '{"a": 1}',
    ]),
  );
  await database.close();
  return spool.bytes();
}

it('writes a database that sqlite3 opens, the same bytes twice, and reads it back', async () => {
  const files = new SqliteFiles(await SQLiteModule({ wasmBinary }));
  const bytes = await statusFile(files);
  expect(await statusFile(files)).toEqual(bytes);
  const folder = mkdtempSync(join(tmpdir(), 'status-'));
  writeFileSync(join(folder, 's'), bytes);
  const sql = 'PRAGMA integrity_check; SELECT count(*), max(t_mono_ns) FROM status';
  expect(execFileSync('sqlite3', [join(folder, 's'), sql]).toString()).toBe('ok\n1000|999000000000000\n');
  rmSync(folder, { recursive: true });
  const spool = new Spool('copy', never);
  spool.append(bytes);
  const database = await files.openReadOnly(spool);
  const rows = [];
  for await (const row of database.rows(
    'SELECT device, t_mono_ns FROM status WHERE id > ? ORDER BY id',
    [998],
  ))
    rows.push(row);
  expect(rows).toEqual([
    ['mfc2', 998e12],
    ['mfc0', 999e12],
  ]);
  await expect(database.run('DELETE FROM status')).rejects.toThrow();
  await database.close();
});

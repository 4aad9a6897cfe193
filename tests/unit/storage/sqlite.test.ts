import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { MemorySqlEngine } from '../../../src/storage/sqlite-memory.ts';

const wasm = readFileSync(
  createRequire(import.meta.url)
    .resolve('@journeyapps/wa-sqlite')
    .replace(/src\/.*$/, 'dist/wa-sqlite.wasm'),
);

describe('sqlite engine', () => {
  it('keeps order, rolls back, binds whole numbers as integers, and writes a file others read', async () => {
    const engine = await MemorySqlEngine.open(wasm);
    const db = await engine.open('x.sqlite');
    await db.exec('CREATE TABLE t (n INTEGER NOT NULL, x TEXT, b BLOB)');
    const big = 9_007_199_254_740_991;
    const inserted = db.transaction(async (tx) => {
      await tx.run('INSERT INTO t VALUES (?, ?, ?)', [big, 'µ', new Uint8Array([1, 2])]);
      await tx.run('INSERT INTO t VALUES (?, ?, ?)', [-3_000_000_000, null, null]);
    });
    const seen = db.all('SELECT n, typeof(n) AS type, x, b FROM t ORDER BY n DESC');
    await inserted;
    expect(await seen).toEqual([
      { n: big, type: 'integer', x: 'µ', b: new Uint8Array([1, 2]) },
      { n: -3_000_000_000, type: 'integer', x: null, b: null },
    ]);
    await expect(
      db.transaction(async (tx) => {
        await tx.run('INSERT INTO t VALUES (1, NULL, NULL)');
        throw new Error('no');
      }),
    ).rejects.toThrow('no');
    await expect(db.run('INSERT INTO t VALUES (NULL, NULL, NULL)')).rejects.toThrow(/NOT NULL/);
    expect(await db.all('SELECT count(*) AS n FROM t')).toEqual([{ n: 2 }]);
    await db.close();
    const file = join(mkdtempSync(join(tmpdir(), 'sql-')), 'x.sqlite');
    writeFileSync(file, new Uint8Array(await (await engine.contentOf('x.sqlite')).arrayBuffer()));
    expect(
      execFileSync('sqlite3', [file, 'PRAGMA integrity_check; SELECT sum(n) FROM t'], { encoding: 'utf8' }),
    ).toBe(`ok\n${big - 3_000_000_000}\n`);
    expect(engine.exists('x.sqlite')).toBe(true);
    engine.remove('x.sqlite');
    expect(engine.exists('x.sqlite')).toBe(false);
  });
});

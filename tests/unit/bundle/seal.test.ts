import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { DuckDBInstance } from '@duckdb/node-api';
import { McapIndexedReader } from '@mcap/core';
import { afterAll, describe, expect, it } from 'vitest';
import { Bundles } from '../../../src/bundle/bundle-control.ts';
import { DECLARATIONS } from '../../../src/instruments/declarations.ts';
import { SlotStore } from '../../../src/storage/slot-store.ts';
import { RUN_ID } from './made-run.ts';
import { codec, sqliteFiles } from './recorded-run.ts';
import { bench, BUILD, contents, PART_1, PART_2, quiet } from './sealed-run.ts';

const folder = mkdtempSync(join(tmpdir(), 'seal-'));
afterAll(() => rmSync(folder, { recursive: true }));

function unpack(files: ReadonlyMap<string, Buffer>): string {
  const root = mkdtempSync(join(folder, 'run-'));
  for (const [path, bytes] of files) {
    mkdirSync(dirname(join(root, path)), { recursive: true });
    writeFileSync(join(root, path), bytes);
  }
  return root;
}

async function query(sql: string): Promise<readonly (readonly unknown[])[]> {
  const connection = await (await DuckDBInstance.create()).connect();
  return (await connection.runAndReadAll(sql)).getRowsJson();
}

describe('seal', () => {
  it('makes a bundle that stock tools read', async () => {
    const at = await bench();
    const sealed = await at.bundles.seal(RUN_ID, quiet);
    expect(sealed).toMatchObject({ ok: true, runId: RUN_ID });
    const files = await contents(at);
    const root = unpack(files);
    expect(execFileSync('sha256sum', ['-c', '--quiet', 'manifest.sha256'], { cwd: root }).toString()).toBe(
      '',
    );
    const sum = execFileSync('sha256sum', ['manifest.sha256'], { cwd: root }).toString().slice(0, 64);
    expect(sealed.ok && sealed.rootDigest).toBe(sum);
    expect([...files.keys()].slice(0, 3)).toEqual(['manifest.json', 'manifest.sha256', 'README.txt']);
    expect([...files.keys()].sort()).toEqual(
      [
        'README.txt',
        'calibration.json',
        'config.toml',
        'device_records/alicat.parquet',
        'device_records/watlow.parquet',
        'env/build.json',
        'equipment.toml',
        'events.sqlite',
        'manifest.json',
        'manifest.sha256',
        PART_1,
        PART_2,
        'prerun.log',
        'run.log',
        'scalars.parquet',
        'status.sqlite',
      ].sort(),
    );
    const manifest = JSON.parse(files.get('manifest.json')?.toString() ?? '') as Record<string, unknown>;
    expect(manifest).toMatchObject({
      run_id: RUN_ID,
      bundle_schema_version: 2,
      run_status: 'aborted',
      bundle_status: 'sealed',
      exit_reason: 'operator_stop',
      started_utc: '2026-05-06T12:00:00.000000Z',
      ended_utc: '2026-05-06T12:00:05.000000Z',
      operator: { id: 'ada', display_name: 'Ada L.' },
      benchseal: { version: '0.1.0', build_hash: 'abc', git_sha: 'def', git_dirty: false },
      sealed_by: { build_hash: 'sealer' },
      arming: { waiver: 'simulated' },
      integrity: { status: 'ok' },
      queue_health: { 'loop.conductor': { lag_p50_ms: 0.25 } },
      events: { count: 4 },
      devices: [
        { name: 'mfc', model: 'MC-5SLPM-D', serial: '123', port: 'simulated' },
        { name: 'heater', model: 'PM6' },
      ],
      custom: { finalize_warnings: [] },
    });
    expect(files.get('manifest.json')?.toString()).toMatch(
      /"started_mono_ns_anchor": 1778068800000250\d{3},/,
    );
    const records = await query(
      `SELECT s.channel, count(*), min(s.value), max(s.value), count(DISTINCT r.record_id) FROM '${root}/scalars.parquet' s
       JOIN (SELECT record_id FROM '${root}/device_records/*.parquet') r ON r.record_id = s.source_record_id
       GROUP BY 1 ORDER BY 1`,
    );
    expect(records).toEqual([
      ['flow', '100', 0, 99 / 8, '100'],
      ['heater_pv', '100', 21, 120, '100'],
    ]);
    const sorted = await query(
      `SELECT bool_and(d >= 0) FROM (SELECT t_mono_ns - lag(t_mono_ns, 1, 0) OVER () AS d FROM '${root}/scalars.parquet')`,
    );
    expect(sorted).toEqual([[true]]);
    const sqlite = (file: string, sql: string) => execFileSync('sqlite3', [join(root, file), sql]).toString();
    expect(sqlite('events.sqlite', "SELECT kind FROM events WHERE severity IN ('warning','error')")).toBe(
      'worker_adapter_error\n',
    );
    expect(sqlite('status.sqlite', 'SELECT count(*), min(t_mono_ns) FROM status')).toBe('10|50000000\n');
    const warnings = execFileSync('jq', [
      '-c',
      'select(.level | IN("WARNING","ERROR")) | .resource_id',
      join(root, 'run.log'),
    ]);
    expect(warnings.toString()).toBe('"simulated"\n'.repeat(5));
    const zstd = await codec();
    const part = files.get(PART_1) ?? Buffer.alloc(0);
    const reader = await McapIndexedReader.Initialize({
      readable: {
        size: () => Promise.resolve(BigInt(part.length)),
        read: (o, l) => Promise.resolve(part.subarray(Number(o), Number(o + l))),
      },
      decompressHandlers: { zstd: (bytes, size) => zstd.decompress('zstd', bytes, Number(size)) },
    });
    expect(Number(reader.statistics?.messageCount)).toBeGreaterThan(100);
  });

  it('gives the same bytes from the same slots, and refuses to seal twice', async () => {
    const [one, two] = [await bench(), await bench()];
    expect(await one.bundles.seal(RUN_ID, quiet)).toEqual(await two.bundles.seal(RUN_ID, quiet));
    expect(await contents(one)).toEqual(await contents(two));
    expect(await one.bundles.seal(RUN_ID, quiet)).toMatchObject({ ok: false, code: 'already_sealed' });
    expect(await one.bundles.verify(RUN_ID, quiet)).toMatchObject({ integrity: 'ok', problems: [] });
    expect(await one.bundles.list()).toMatchObject([
      {
        run_id: RUN_ID,
        run_status: 'aborted',
        bundle_status: 'sealed',
        integrity_status: 'unknown',
        sample_id: 'PMMA-3',
      },
    ]);
  });

  it('keeps a torn part as evidence and its indexed copy under its name; the run is crashed', async () => {
    const at = await bench({ cut: 2000, isEnded: false });
    expect(await at.bundles.seal(RUN_ID, quiet)).toMatchObject({ ok: true });
    const files = await contents(at);
    expect(files.has('evidence/session_0190_1_2.mcap.torn')).toBe(true);
    expect(files.get(PART_2)?.subarray(-8).toString('latin1')).toBe('\x89MCAP0\r\n');
    const manifest = JSON.parse(files.get('manifest.json')?.toString() ?? '') as {
      run_status: string;
      exit_reason: string;
      custom: { finalize_warnings: { path: string }[] };
    };
    expect(manifest).toMatchObject({ run_status: 'crashed', exit_reason: 'recovered after hard exit' });
    expect(manifest.custom.finalize_warnings.map(({ path }) => path)).toEqual([PART_2]);
    expect(await at.bundles.verify(RUN_ID, quiet)).toMatchObject({ integrity: 'ok' });
  });

  it('salvages a part whose chunk is damaged in the middle', async () => {
    const at = await bench();
    const slot = at.store.members(RUN_ID).find(({ path }) => path === PART_1)?.slot ?? '';
    const bytes = at.directory.files.get(slot)?.bytes ?? new Uint8Array();
    bytes[4096 + Math.floor((bytes.length - 4096) / 3)]! ^= 0xff;
    expect(await at.bundles.seal(RUN_ID, quiet)).toMatchObject({ ok: true });
    expect([...(await contents(at)).keys()]).toContain('evidence/session_0190_1_1.mcap.torn');
  });

  it('catches a flipped byte in any member and names it', async () => {
    const at = await bench();
    await at.bundles.seal(RUN_ID, quiet);
    for (const member of await at.bundles.members(RUN_ID)) {
      const file = at.directory.files.get(member.slot);
      if (file === undefined) throw new Error('slot is gone');
      const where = member.offset + Math.floor(member.bytes / 2);
      file.bytes[where]! ^= 1;
      const found = await at.bundles.verify(RUN_ID, quiet);
      expect(found.integrity).toBe('mismatch');
      expect(found.problems.map(({ path }) => path)).toContain(member.path);
      file.bytes[where]! ^= 1;
    }
    expect((await at.bundles.verify(RUN_ID, quiet)).integrity).toBe('ok');
  });

  it('waits for aged slots unless the run was armed with a waiver', async () => {
    const at = await bench({ waiver: 'none' });
    const phases: string[] = [];
    expect(await at.bundles.seal(RUN_ID, ({ phase }) => phases.push(phase))).toMatchObject({ ok: true });
    expect(at.slept.length).toBeGreaterThanOrEqual(59);
    expect(phases).toContain('waiting for aged slots');
  });

  it('commits nothing when the disk is full, and seals once there is room', async () => {
    const at = await bench({ count: 12_000 });
    const used = [...at.directory.files.values()].reduce((sum, { bytes }) => sum + bytes.length, 0);
    at.directory.faults.bytesMax = used + 100_000;
    expect(await at.bundles.seal(RUN_ID, quiet)).toMatchObject({ ok: false, code: 'storage_full' });
    expect(await at.bundles.list()).toEqual([]);
    expect((await at.store.scan()).map(({ state }) => state).sort()).toEqual([
      'closed',
      'closed',
      'closed',
      'free',
      'free',
      'free',
    ]);
    expect(at.directory.held.size).toBe(0);
    at.directory.faults.bytesMax = Infinity;
    expect(await at.bundles.seal(RUN_ID, quiet)).toMatchObject({ ok: true });
    const members = await at.bundles.members(RUN_ID);
    expect(new Set(members.map(({ slot }) => slot)).size).toBeGreaterThan(5);
  });

  it('survives a power cut at every header write: either unsealed or sealed and whole', async () => {
    for (let writes = 1; ; writes += 1) {
      const at = await bench();
      let left = writes;
      const open = at.directory.open.bind(at.directory);
      at.directory.open = async (name, how) => {
        const file = await open(name, how);
        if (file === null) return null;
        const flush = file.flush.bind(file);
        return {
          ...file,
          flush: () => {
            left -= 1;
            if (left <= 0) throw new Error('power cut');
            flush();
          },
        };
      };
      const result = await at.bundles.seal(RUN_ID, quiet).catch(() => null);
      at.directory.open = open;
      at.directory.cut(true);
      const store = await SlotStore.open(at.directory, at.clock);
      const after = new Bundles({
        slots: store,
        sqlite: await sqliteFiles(),
        declarations: DECLARATIONS,
        codec: await codec(),
        build: BUILD,
        sleep: () => Promise.resolve(),
      });
      if ((await after.list()).length === 0)
        expect(await after.seal(RUN_ID, quiet)).toMatchObject({ ok: true });
      expect(await after.verify(RUN_ID, quiet)).toMatchObject({ integrity: 'ok' });
      if (result !== null && left > 0) return;
      expect(writes).toBeLessThan(200);
    }
  });

  it('says what is missing', async () => {
    const at = await bench();
    expect(await at.bundles.seal('other', quiet)).toMatchObject({ ok: false, code: 'not_found' });
    const slot = at.store.members(RUN_ID).find(({ path }) => path === 'events.sqlite')?.slot ?? '';
    await at.store.free(slot);
    expect(await at.bundles.seal(RUN_ID, quiet)).toMatchObject({ ok: false, code: 'events_missing' });
  });
});

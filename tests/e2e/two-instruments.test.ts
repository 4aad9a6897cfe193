import { mkdirSync, rmSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { verifyPath } from '../../src/cli/verify-bundle.ts';
import { FLOW, FLOW_WIRE, HEATER, HEATER_WIRE, rigToml } from '../rig/bench-rigs.ts';
import { scratchFolder } from '../rig/folders.ts';
import type { WireEntry } from '../rig/pty-port.ts';
import type { BundleFolder } from '../rig/readers/bundle-folder.ts';
import { DuckDb } from '../rig/readers/duckdb.ts';
import { jq } from '../rig/readers/jq.ts';
import { mcapProblems } from '../rig/readers/mcap-doctor.ts';
import { readIndexed } from '../rig/readers/mcap-file.ts';
import { checkedBySha256sum, failedBySha256sum } from '../rig/readers/sha256sum.ts';
import { sqlite } from '../rig/readers/sqlite-program.ts';
import { RunJournal } from '../rig/run-journal.ts';
import { exchangesOf, findSlice, type WireSlice } from '../rig/wire-slice.ts';
import { flipByte, flippableBytes, zipEntries } from '../rig/zip-flip.ts';
import { withWorkbench } from '../rig/workbench.ts';
import { SEED_FILTERS, SEED_QUERIES } from './seed-questions.ts';

const DURATION_S = process.env['BENCHSEAL_LONG'] === '1' ? 600 : 20;
/** From Start accepted to the first poll of the run: the poll already on the wire, then one period. */
const EDGE_MS = 500;

const SCALAR_COLUMNS = [
  't_mono_ns',
  't_mono_s',
  'channel',
  'value',
  'value_kind',
  'raw_value',
  'raw_text',
  'raw_kind',
  'unit',
  'uncertainty',
  'status',
  'source_record_id',
  'source_field',
];

describe(`an Alicat at 10 Hz and a Watlow at 5 Hz for ${DURATION_S} s`, () => {
  const folder = scratchFolder('two-instruments');
  let bundle: BundleFolder;
  let rootDigest: string;
  let journal: RunJournal;
  const own: Record<string, WireEntry[]> = {};
  let zeroMs: number;
  let endedMs: number;

  beforeAll(
    async () => {
      mkdirSync(folder, { recursive: true });
      await withWorkbench({ instruments: [FLOW, HEATER] }, async (bench) => {
        const { kiosk, instruments } = bench;
        await kiosk.loadRig(rigToml({ partBytesMax: 65_536 }));
        await kiosk.devicesPoll(['flow', 'heater']);
        const runId = await kiosk.start({ durationS: DURATION_S });
        await kiosk.note('sample looks dry');
        await kiosk.command('flow', 'set_setpoint', { value: 1.5 });
        rootDigest = await kiosk.sealed(DURATION_S * 1000 + 60_000);
        for (const id of ['flow', 'heater']) own[id] = await instruments.wire(id);
        bundle = await bench.carryAway(runId, folder);
        journal = await RunJournal.read(bundle);
        zeroMs = journal.utcMsOf('run.started');
        endedMs = journal.utcMsOf('free_run.ended');
      });
    },
    DURATION_S * 1000 + 150_000,
  );
  afterAll(() => rmSync(folder, { recursive: true, force: true }));

  const recordsOf = (device: string) => journal.records(device);
  const sliceOf = (device: string, port: string): WireSlice => {
    const slice = findSlice(own[device] ?? [], journal.wire(port), zeroMs);
    if (slice === null)
      throw new Error(`the journal's bytes of ${port} are not one stretch of the instrument's log`);
    return slice;
  };

  it('ended as asked', () => {
    const manifest = bundle.manifest();
    expect(manifest).toMatchObject({
      run_status: 'completed',
      bundle_status: 'sealed',
      exit_reason: 'procedure_complete',
      integrity: { status: 'ok' },
      arming: { waiver: 'arm-now' },
    });
    expect(endedMs - zeroMs).toBeGreaterThan(DURATION_S * 1000 - 200);
    expect(endedMs - zeroMs).toBeLessThan(DURATION_S * 1000 + 1000);
  });

  it.each([
    ['flow', FLOW_WIRE],
    ['heater', HEATER_WIRE],
  ])('has every byte of the wire of %s, in order, from start to end', (device, port) => {
    const slice = sliceOf(device, port);
    // Nothing outside the stretch belongs to the run: not before its first poll, not after its last.
    if (slice.lastBeforeMs !== null) expect(slice.lastBeforeMs).toBeLessThan(zeroMs + EDGE_MS);
    if (slice.firstAfterMs !== null) expect(slice.firstAfterMs).toBeGreaterThan(endedMs - EDGE_MS);
    expect((slice.entries[0]?.tMs ?? Infinity) - zeroMs).toBeLessThan(EDGE_MS);
  });

  it('has as many records as the instruments answered polls', () => {
    const flow = exchangesOf(sliceOf('flow', FLOW_WIRE).entries);
    const polls = flow.filter(({ request }) => request.toString('latin1') === 'A\r');
    expect(recordsOf('flow').length).toBe(polls.length);
    expect(polls.length).toBeGreaterThan(DURATION_S * 10 * 0.95);
    const heater = exchangesOf(sliceOf('heater', HEATER_WIRE).entries);
    expect(recordsOf('heater').length).toBe(heater.length);
    expect(heater.length).toBeGreaterThan(DURATION_S * 5 * 2 * 0.95);
  });

  it('has the values the Alicat sent', () => {
    const sent = exchangesOf(sliceOf('flow', FLOW_WIRE).entries)
      .filter(({ request }) => request.toString('latin1') === 'A\r')
      .map(({ reply }) => Number(reply.toString('latin1').trim().split(/\s+/)[4]));
    expect(recordsOf('flow').map((record) => record.columns['Mass_Flow'])).toEqual(sent);
  });

  it('numbers each lane without a hole', () => {
    expect(journal.laneFaults()).toEqual([]);
  });

  it("answers the seed's queries in the sqlite3 program", () => {
    const ask = (query: string) => sqlite(bundle.file('events.sqlite'), query);
    expect(ask('PRAGMA integrity_check')).toEqual([{ integrity_check: 'ok' }]);
    expect(ask('PRAGMA journal_mode')).toEqual([{ journal_mode: 'delete' }]);
    for (const [name, query] of Object.entries(SEED_QUERIES))
      expect(Array.isArray(ask(query)), name).toBe(true);
    const timeline = ask(SEED_QUERIES.timeline).map((row) => row['kind']);
    for (const kind of ['run.started', 'free_run.started', 'free_run.ended', 'run.ended'])
      expect(timeline).toContain(kind);
    expect(ask(SEED_QUERIES.commands).map((row) => `${row['source']} ${row['kind']}`)).toContain(
      'alicat:flow set_setpoint',
    );
    expect(ask(SEED_QUERIES.saturation)).toEqual([]);
    expect(ask("SELECT message FROM events WHERE kind = 'operator.note'")).toEqual([
      { message: 'sample looks dry' },
    ]);
    expect(ask("SELECT count(*) AS n FROM pragma_table_info('events')")).toEqual([{ n: 8 }]);
  });

  it('opens in DuckDB: both kinds of Parquet, joined to events on t_mono_ns', async () => {
    const duck = await DuckDb.open(bundle.events());
    try {
      const scalars = `'${bundle.file('scalars.parquet')}'`;
      const flow = `'${bundle.file('device_records/alicat.parquet')}'`;
      const heater = `'${bundle.file('device_records/watlow.parquet')}'`;
      expect((await duck.rows(`DESCRIBE SELECT * FROM ${scalars}`)).map((row) => row['column_name'])).toEqual(
        SCALAR_COLUMNS,
      );
      const count = async (from: string) =>
        Number((await duck.rows(`SELECT count(*) AS n FROM ${from}`))[0]?.['n']);
      expect(await count(flow)).toBe(recordsOf('flow').length);
      expect(await count(heater)).toBe(recordsOf('heater').length);
      expect(await count(`${scalars} WHERE channel = 'flow.mass'`)).toBe(recordsOf('flow').length);
      const joined = await duck.rows(
        `SELECT s.value, d."Mass_Flow" AS raw FROM ${scalars} s JOIN ${flow} d ON s.source_record_id = d.record_id
         WHERE s.channel = 'flow.mass' AND s.t_mono_ns = d.t_mono_ns`,
      );
      expect(joined.length).toBe(recordsOf('flow').length);
      for (const { value, raw } of joined) expect(value).toBe(raw);
      const around = await duck.rows(
        `SELECT e.kind, count(*) AS n FROM events e JOIN ${scalars} s
           ON s.t_mono_ns BETWEEN e.t_mono_ns - 10000000000 AND e.t_mono_ns + 10000000000
         WHERE e.kind = 'operator.note' GROUP BY e.kind`,
      );
      expect(Number(around[0]?.['n'])).toBeGreaterThan(100);
      const nearest = await duck.rows(
        `SELECT e.kind, s.value FROM events e ASOF JOIN (SELECT * FROM ${scalars} WHERE channel = 'heater.pv') s
           ON e.t_mono_ns >= s.t_mono_ns WHERE e.kind = 'run.ended'`,
      );
      expect(nearest.length).toBe(1);
    } finally {
      duck.close();
    }
  });

  it("answers the seed's jq filters on run.log", () => {
    const log = bundle.file('run.log');
    const lines = bundle.text('run.log').trim().split('\n');
    expect(jq('.timestamp, .level, .event, .run_id | strings', log).length).toBe(4 * lines.length);
    for (const filter of Object.values(SEED_FILTERS)) jq(filter, log);
    expect(jq(SEED_FILTERS.names, log, ['-r']).length).toBe(lines.length);
    expect(new Set(jq('.run_id', log, ['-r']))).toEqual(new Set([bundle.manifest().run_id]));
    for (const level of jq('.level', log, ['-r'])) expect(level).toMatch(/^(DEBUG|INFO|WARNING|ERROR)$/);
  });

  it('opens in the stock MCAP readers, in rotated parts', async () => {
    const parts = bundle.parts();
    expect(parts.length).toBeGreaterThan(1);
    for (const part of parts) {
      const read = await readIndexed(bundle.file(part));
      expect(read.items.length).toBe(read.messageCount);
      expect(read.metadataNames).toEqual(expect.arrayContaining(['session', 'part']));
      expect(mcapProblems(bundle.file(part)), part).toEqual([]);
    }
  });

  it('passes sha256sum -c, every member listed', () => {
    expect(failedBySha256sum(bundle.path)).toEqual([]);
    const unlisted = ['manifest.sha256', 'signature.json'].filter((member) => bundle.has(member)).length;
    expect(checkedBySha256sum(bundle.path)).toBe(bundle.members().length - unlisted);
    expect(rootDigest).toMatch(/^[0-9a-f]{64}$/);
  });

  it('is told by one flipped byte, wherever it is, with the name of the file', async () => {
    expect(await verifyPath(bundle.zip)).toMatchObject({ integrity: 'ok', rootDigest, problems: [] });
    const flips = flippableBytes(await zipEntries(bundle.zip));
    expect(flips.length).toBeGreaterThan(30);
    for (const { member, offset } of flips) {
      const undo = flipByte(bundle.zip, offset);
      const { integrity, problems } = await verifyPath(bundle.zip);
      undo();
      const what = `byte ${offset} of ${member}`;
      expect(integrity, what).not.toBe('ok');
      expect(
        problems.map(({ path }) => path),
        what,
      ).toContain(member);
    }
  });
});

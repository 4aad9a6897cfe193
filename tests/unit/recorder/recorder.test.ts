import { execFileSync } from 'node:child_process';
import { mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { firstBrokenLink, firstLink } from '../../../src/formats/events/chain.ts';
import type { EventRow } from '../../../src/formats/events/schema.ts';
import { PartReader } from '../../../src/formats/journal/part-reader.ts';
import { bytesSource } from '../../../src/formats/journal/part-source.ts';
import { salvagePart } from '../../../src/formats/journal/salvage.ts';
import { runId } from '../../../src/recorder/run-id.ts';
import type { SlotHeader } from '../../../src/storage/slot.ts';
import { loadZstd } from '../journal/zstd.ts';
import { RecorderBench, event, plan, sha256, wire } from './bench.ts';

const { decompress } = await loadZstd();

async function open(): Promise<RecorderBench> {
  const bench = await RecorderBench.open();
  onTestFinished(() => bench.recorder.stop());
  return bench;
}

async function contentOf(bench: RecorderBench, header: SlotHeader): Promise<Uint8Array> {
  return new Uint8Array((await (await bench.slots.content(header.slot))?.arrayBuffer()) ?? []);
}

/** Producer and number of every journal message of a run, over all its parts, torn or not. */
async function journalOf(bench: RecorderBench, id: string): Promise<string[]> {
  await bench.slots.scan();
  const found: string[] = [];
  for (const header of bench.slots.members(id).filter(({ path }) => path?.startsWith('mcap/'))) {
    const source = bytesSource(await contentOf(bench, header));
    for await (const item of salvagePart(source, decompress))
      if (item.type === 'message')
        found.push(`${item.channel.metadata.get('producer')} ${item.message.sequence}`);
  }
  return found;
}

async function sqlite(bench: RecorderBench, id: string, sql: string): Promise<string> {
  await bench.slots.scan();
  const header = bench.slots.members(id).find(({ path }) => path === 'events.sqlite');
  if (header === undefined) throw new Error('no events.sqlite');
  const file = join(mkdtempSync(join(tmpdir(), 'events-')), 'events.sqlite');
  writeFileSync(file, await contentOf(bench, header));
  return execFileSync('sqlite3', ['-json', file, sql], { encoding: 'utf8' });
}

async function startRun(bench: RecorderBench, changes: Parameters<typeof plan>[0] = {}): Promise<string> {
  const result = await bench.recorder.openRun(plan(changes));
  if (!result.ok) throw new Error(`${result.code}: ${result.detail}`);
  return result.runId;
}

describe('run id', () => {
  it('is the UTC time and the sample as a slug, with a number when taken', () => {
    const utc = Date.UTC(2026, 4, 6, 12, 3, 4);
    expect(runId(utc, 'PMMA 3 mm/µ', new Set())).toBe('2026-05-06_120304_PMMA-3-mm--');
    expect(runId(utc, '', new Set(['2026-05-06_120304_sample']))).toBe('2026-05-06_120304_sample-2');
  });
});

describe('recorder', () => {
  it('records a run: journal part and events.sqlite in slots, chained and complete', async () => {
    const bench = await open();
    const thePlan = plan();
    const result = await bench.recorder.openRun(thePlan);
    const id = result.ok ? result.runId : '';
    bench.events('conductor/1', [event('run.started'), event('free_run.started')]);
    for (let poll = 0; poll < 20; poll++)
      bench.data('mfc/1', [
        wire(thePlan.zero.hostMs + poll, 'A\r'),
        wire(thePlan.zero.hostMs + poll, 'A 1.0\r'),
      ]);
    await bench.until(
      () => bench.ackOf('mfc/1', 'data') === 40 && bench.ackOf('conductor/1', 'events') === 2,
    );
    bench.events('conductor/1', [event('run.ended')]);
    await bench.recorder.closeRun();
    expect(await bench.recorder.runs()).toMatchObject([
      { runId: id, state: 'closed', sampleId: 'PMMA 3 mm' },
    ]);
    expect(bench.slots.members(id).map(({ path, state }) => [path, state])).toEqual([
      ['events.sqlite', 'closed'],
      [`mcap/session_01890a5d_${Math.floor(thePlan.zero.utcMs / 1000)}_0001.mcap`, 'closed'],
    ]);
    const part = await PartReader.open(
      bytesSource(await contentOf(bench, bench.slots.members(id)[1] as SlotHeader)),
      decompress,
    );
    expect([...(await part.attachments()).keys()]).toEqual(['config.toml', 'env/build.json', 'prerun.log']);
    expect((await part.metadata()).get('plan')?.get('run_id')).toBe(id);
    expect(await journalOf(bench, id)).toHaveLength(40);
    const rows = JSON.parse(
      await sqlite(
        bench,
        id,
        'SELECT e.*, p.hash FROM events e JOIN event_proof p ON p.event_id = e.id ORDER BY e.id',
      ),
    ) as (EventRow & { hash: string })[];
    expect(rows.map(({ kind }) => kind)).toEqual(['run.started', 'free_run.started', 'run.ended']);
    const first = firstLink(thePlan.members, sha256);
    expect(
      firstBrokenLink(
        first,
        rows.map((row) => ({ row, hash: row.hash })),
        sha256,
      ),
    ).toBeNull();
    expect(await sqlite(bench, id, 'PRAGMA integrity_check')).toContain('ok');
    expect(bench.engine.exists(`events-${thePlan.runUuid}.sqlite`)).toBe(false);
  });

  it('waits for aged files unless that is waived, and records the waiver', async () => {
    const bench = new RecorderBench();
    Object.assign(bench, { engine: (await RecorderBench.open()).engine });
    await bench.start();
    onTestFinished(() => bench.recorder.stop());
    await bench.slots.topUp();
    expect(await bench.recorder.openRun(plan())).toMatchObject({
      ok: false,
      code: 'slots_young',
      armInS: 60,
    });
    const id = await startRun(bench, { waiver: 'arm-now' });
    bench.events('conductor/1', [event('run.started')]);
    await bench.until(() => bench.ackOf('conductor/1', 'events') === 1);
    await bench.recorder.closeRun();
    expect(await sqlite(bench, id, 'SELECT kind, severity FROM events ORDER BY id')).toBe(
      '[{"kind":"run.started","severity":"info"},\n{"kind":"recorder.arming_waived","severity":"warning"}]\n',
    );
  });

  it('refuses a second run while one is open', async () => {
    const bench = await open();
    await startRun(bench);
    expect(await bench.recorder.openRun(plan())).toMatchObject({ ok: false, code: 'run_open' });
  });

  it('records what is resent only once, and acknowledges it again', async () => {
    const bench = await open();
    const id = await startRun(bench);
    const zero = Date.now();
    bench.data('a/1', [wire(zero, '1'), wire(zero, '2')]);
    bench.events('a/1', [event('x')]);
    await bench.until(() => bench.ackOf('a/1', 'data') === 2 && bench.ackOf('a/1', 'events') === 1);
    bench.frames.length = 0;
    bench.data('a/1', [wire(zero, '1'), wire(zero, '2')], 'run', 1);
    bench.events('a/1', [event('x')], 'run', 1);
    await bench.until(() => bench.ackOf('a/1', 'data') === 2 && bench.ackOf('a/1', 'events') === 1);
    bench.data('a/1', [wire(zero, '2'), wire(zero, '3')], 'run', 2);
    await bench.until(() => bench.ackOf('a/1', 'data') === 3);
    await bench.recorder.closeRun();
    expect(await journalOf(bench, id)).toEqual(['a/1 1', 'a/1 2', 'a/1 3']);
    expect(await sqlite(bench, id, 'SELECT count(*) AS n FROM events')).toContain('"n":1');
  });

  it('rotates parts by size, each complete, numbered and with its head', async () => {
    const bench = await open();
    const id = await startRun(bench, { partBytesMax: 20_000 });
    bench.events('c/1', [event('run.started')]);
    let sent = 0;
    for (let round = 0; round < 4; round++) {
      const noise = Array.from({ length: 30 }, () =>
        wire(Date.now(), Array.from({ length: 500 }, () => Math.random().toString(36)[3]).join('')),
      );
      bench.data('a/1', noise);
      sent += noise.length;
      await bench.until(() => bench.ackOf('a/1', 'data') === sent);
    }
    await bench.recorder.closeRun();
    await bench.slots.scan();
    const parts = bench.slots.members(id).filter(({ path }) => path?.startsWith('mcap/'));
    expect(parts.length).toBeGreaterThanOrEqual(2);
    for (const [index, part] of parts.entries()) {
      const reader = await PartReader.open(bytesSource(await contentOf(bench, part)), decompress);
      expect((await reader.metadata()).get('part')?.get('index')).toBe(String(index + 1));
      expect((await reader.metadata()).has('session')).toBe(true);
    }
    expect(await journalOf(bench, id)).toEqual(
      Array.from({ length: sent }, (_, index) => `a/1 ${index + 1}`),
    );
    expect(
      await sqlite(bench, id, "SELECT count(*) AS n FROM events WHERE kind = 'recorder.part_opened'"),
    ).toContain(`"n":${parts.length - 1}`);
  });

  it('goes on after a power cut in a new part; nothing acknowledged is missing or doubled', async () => {
    const bench = await open();
    const id = await startRun(bench);
    bench.events('c/1', [event('run.started')]);
    bench.data('a/1', [wire(Date.now(), '1'), wire(Date.now(), '2')]);
    await bench.until(() => bench.ackOf('a/1', 'data') === 2 && bench.ackOf('c/1', 'events') === 1);
    bench.data('a/1', [wire(Date.now(), '3')]);
    await bench.kill({ power: true });
    await bench.start();
    const state = await bench.recorder.openRunState();
    expect(state).toMatchObject({
      runId: id,
      plan: { sampleId: 'PMMA 3 mm', members: { 'config.toml': 'name = "x"' } },
    });
    expect(state?.have).toEqual(
      expect.arrayContaining([
        { producer: 'c/1', lane: 'events', upTo: 1 },
        { producer: 'a/1', lane: 'data', upTo: 2 },
      ]),
    );
    bench.data('a/1', [wire(Date.now(), '2'), wire(Date.now(), '3'), wire(Date.now(), '4')], 'run', 2);
    bench.events('c/1', [event('run.started'), event('run.ended')], 'run', 1);
    await bench.until(() => bench.ackOf('a/1', 'data') === 4 && bench.ackOf('c/1', 'events') === 2);
    await bench.recorder.closeRun();
    expect(await journalOf(bench, id)).toEqual(['a/1 1', 'a/1 2', 'a/1 3', 'a/1 4']);
    expect(bench.slots.members(id).map(({ note }) => note['torn'] ?? null)).toEqual([null, true, null]);
    expect(await sqlite(bench, id, 'SELECT kind FROM events ORDER BY id')).toBe(
      '[{"kind":"run.started"},\n{"kind":"recorder.part_opened"},\n{"kind":"run.ended"}]\n',
    );
  });

  it('recovers a run nobody goes on with as crashed, and says what is missing', async () => {
    const bench = await open();
    const id = await startRun(bench);
    bench.events('c/1', [event('run.started')]);
    bench.data('a/1', [wire(Date.now(), '1')]);
    await bench.until(() => bench.ackOf('a/1', 'data') === 1 && bench.ackOf('c/1', 'events') === 1);
    await bench.kill({ power: false });
    await bench.start();
    expect(await bench.recorder.recover()).toMatchObject([{ runId: id, state: 'closed' }]);
    const [row] = JSON.parse(
      await sqlite(bench, id, "SELECT severity, metadata_json FROM events WHERE kind = 'run.recovered'"),
    ) as { severity: string; metadata_json: string }[];
    expect(row?.severity).toBe('error');
    expect(JSON.parse(row?.metadata_json ?? '{}')).toMatchObject({
      silent_before_end_s: { a: expect.any(Number) },
    });
    expect(await bench.recorder.openRunState()).toBeNull();
    await startRun(bench, { runUuid: '01890a5d-ac96-774b-bcce-b302099a8058' });
  });

  it('leaves a run it cannot read as it is, and the bench can go on', async () => {
    const bench = await open();
    const id = await startRun(bench);
    bench.events('c/1', [event('run.started')]);
    await bench.until(() => bench.ackOf('c/1', 'events') === 1);
    const { slot } = (await bench.slots.scan()).find(({ runId: of }) => of === id) as SlotHeader;
    await bench.kill({ power: false });
    const bytes = bench.directory.files.get(slot)?.bytes;
    const json = new TextEncoder().encode('"sampleId"');
    const at = Buffer.from(bytes ?? []).indexOf(json);
    bytes?.set(new TextEncoder().encode('!!'), at);
    await bench.start();
    expect(await bench.recorder.openRunState()).toBeNull();
    expect(await bench.recorder.recover()).toEqual([]);
    expect(await bench.recorder.runs()).toMatchObject([{ runId: id, state: 'torn' }]);
    const next = await startRun(bench, { runUuid: '01890a5d-ac96-774b-bcce-b302099a8059' });
    expect(next).not.toBe(id);
  });

  it('keeps what the disk refused and goes on when there is room again', async () => {
    const bench = await open();
    const id = await startRun(bench);
    bench.data('a/1', [wire(Date.now(), '1')]);
    await bench.until(() => bench.ackOf('a/1', 'data') === 1);
    bench.directory.faults.bytesMax =
      [...bench.directory.files.values()].reduce((sum, file) => sum + file.bytes.length, 0) + 30;
    bench.data('a/1', [wire(Date.now(), 'x'.repeat(300))]);
    await bench.until(() =>
      bench.frames.some((frame) => frame.type === 'recorder-health' && frame.health.error !== null),
    );
    bench.data('a/1', [wire(Date.now(), 'y')]);
    expect(bench.ackOf('a/1', 'data')).toBe(1);
    bench.directory.faults.bytesMax = Infinity;
    await bench.until(() => bench.ackOf('a/1', 'data') === 3);
    expect((await bench.recorder.health()).error).toBeNull();
    await bench.recorder.closeRun();
    expect(await journalOf(bench, id)).toEqual(['a/1 1', 'a/1 2', 'a/1 3']);
  });

  it('keeps kiosk events and log lines, and gives the last ten minutes to a run', async () => {
    const bench = await open();
    const line = (name: string): Parameters<RecorderBench['data']>[1][number] => ({
      type: 'log',
      tHostMs: 0,
      tUtcMs: Date.now() - 1000,
      level: 'INFO',
      event: name,
      fields: { n: 1 },
    });
    bench.data('c/0', [line('app.start')], 'kiosk');
    bench.events('c/0', [event('owner.changed')], 'kiosk');
    await bench.until(() => bench.ackOf('c/0', 'data') === 1 && bench.ackOf('c/0', 'events') === 1);
    const id = await startRun(bench, { zero: { hostMs: Date.now() + 1000, utcMs: Date.now() + 1000 } });
    await bench.recorder.closeRun();
    const part = bench.slots.members(id).find(({ path }) => path?.startsWith('mcap/')) as SlotHeader;
    await bench.slots.scan();
    const reader = await PartReader.open(bytesSource(await contentOf(bench, part)), decompress);
    const prerun = new TextDecoder().decode((await reader.attachments()).get('prerun.log'));
    expect(
      prerun
        .trim()
        .split('\n')
        .map((text) => (JSON.parse(text) as { event: string }).event),
    ).toEqual(['app.start', 'owner.changed']);
    const today = new Date().toISOString().slice(0, 10).replaceAll('-', '');
    expect(await bench.recorder.kioskLog(today)).toContain('"event": "app.start"');
  });
});

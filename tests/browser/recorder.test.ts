import { execFileSync } from 'node:child_process';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { extname, join } from 'node:path';
import type { Page } from 'playwright-core';
import { build } from 'vite';
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest';
import { firstBrokenLink, firstLink } from '../../src/formats/events/chain.ts';
import type { EventRow } from '../../src/formats/events/schema.ts';
import { bytesSource } from '../../src/formats/journal/part-source.ts';
import { salvagePart } from '../../src/formats/journal/salvage.ts';
import type { RunEvent } from '../../src/record/event.ts';
import type { DataItem, Envelope } from '../../src/record/item.ts';
import type { Ack, Lane } from '../../src/record/producer.ts';
import type {
  OpenRunResult,
  OpenRunState,
  RecorderControl,
  RunPlan,
  StoredRun,
} from '../../src/wire/messages.ts';
import { Chromium } from '../rig/chromium.ts';
import { RIG_CACHE, scratchFolder } from '../rig/folders.ts';
import { waitUntil } from '../rig/wait-until.ts';
import { sha256 } from '../unit/recorder/bench.ts';
import { loadZstd } from '../unit/journal/zstd.ts';

const SITE = join(RIG_CACHE, 'recorder-page');
const TYPES: Record<string, string> = {
  '.html': 'text/html',
  '.js': 'text/javascript',
  '.wasm': 'application/wasm',
};
/** As the app is served, so that what the policy forbids fails here. */
const HEADERS = {
  'Cross-Origin-Opener-Policy': 'same-origin',
  'Cross-Origin-Embedder-Policy': 'require-corp',
  'Content-Security-Policy': [
    "default-src 'none'",
    "script-src 'self' 'wasm-unsafe-eval'",
    "connect-src 'self'",
    "worker-src 'self'",
    'img-src data:',
    "require-trusted-types-for 'script'",
    'trusted-types default',
  ].join('; '),
};
const { decompress } = await loadZstd();

async function buildPage(): Promise<void> {
  await build({
    configFile: false,
    root: join(import.meta.dirname, 'recorder-page'),
    logLevel: 'error',
    define: {
      __BUILD__: JSON.stringify({ version: '0', hash: 'test', gitSha: '', gitDirty: false, builtUtc: '' }),
    },
    worker: { format: 'es' },
    build: { outDir: SITE, emptyOutDir: true, target: 'chrome140', assetsInlineLimit: 0 },
  });
}

function serve(): Promise<Server> {
  const server = createServer((request, response) => {
    const path = request.url === '/' ? '/index.html' : (request.url ?? '');
    try {
      const body = readFileSync(join(SITE, path));
      response.writeHead(200, {
        'Content-Type': TYPES[extname(path)] ?? 'application/octet-stream',
        ...HEADERS,
      });
      response.end(body);
    } catch {
      response.writeHead(404).end();
    }
  });
  return new Promise((resolve, reject) => {
    server.once('error', reject).listen(0, 'localhost', () => resolve(server));
  });
}

function plan(changes: Partial<RunPlan> = {}): RunPlan {
  return {
    sampleId: 'foam',
    operator: { id: 'ada', displayName: 'Ada' },
    runUuid: '01890a5d-ac96-774b-bcce-b302099a8057',
    zero: { hostMs: Date.now(), utcMs: Date.now() },
    members: { 'config.toml': 'name = "x"', 'env/build.json': '{}' },
    waiver: 'arm-now',
    partBytesMax: 500e6,
    partMinutesMax: 60,
    session: { rig: 'test' },
    ...changes,
  };
}

const wire = (text: string): DataItem => ({
  type: 'log',
  tHostMs: Date.now(),
  tUtcMs: Date.now(),
  level: 'INFO',
  event: text,
  fields: {},
});
const event = (kind: string): RunEvent => ({
  tHostMs: Date.now(),
  tUtcMs: Date.now(),
  kind,
  severity: 'info',
  source: 'conductor',
  message: kind,
});

/** The test's end of the page. */
class Driver {
  readonly page: Page;
  constructor(page: Page) {
    this.page = page;
  }

  static async open(chromium: Chromium): Promise<Driver> {
    const page = await chromium.page();
    await page.goto(chromium.origin);
    const driver = new Driver(page);
    await page.evaluate(() => globalThis.recorderPage.start());
    return driver;
  }

  start(): Promise<number> {
    return this.page.evaluate(() => globalThis.recorderPage.start());
  }
  terminate(): Promise<void> {
    return this.page.evaluate(() => globalThis.recorderPage.terminate());
  }
  call<T>(method: keyof RecorderControl, ...args: readonly unknown[]): Promise<T> {
    return this.page.evaluate(
      ([name, values]) => globalThis.recorderPage.call(name as keyof RecorderControl, values as unknown[]),
      [method, args] as const,
    ) as Promise<T>;
  }
  send(...envelopes: readonly Envelope[]): Promise<void> {
    return this.page.evaluate((json) => globalThis.recorderPage.send(json), JSON.stringify(envelopes));
  }
  data(firstSeq: number, count: number): Promise<void> {
    const items = Array.from({ length: count }, (_, index) => wire(`line ${firstSeq + index}`));
    return this.send({
      scope: 'run',
      lane: 'data',
      producer: 'mfc/1',
      device: 'mfc',
      firstSeq,
      bytes: 100,
      items,
    });
  }
  events(firstSeq: number, ...kinds: readonly string[]): Promise<void> {
    const items = kinds.map(event);
    return this.send({
      scope: 'run',
      lane: 'events',
      producer: 'c/1',
      device: 'c',
      firstSeq,
      bytes: 100,
      items,
    });
  }
  async acked(producer: string, lane: Lane): Promise<number> {
    const acks: readonly Ack[] = await this.page.evaluate(() =>
      globalThis.recorderPage.frames.flatMap((frame): readonly Ack[] =>
        frame.type === 'ack' ? frame.acks : [],
      ),
    );
    return Math.max(
      0,
      ...acks.filter((ack) => ack.producer === producer && ack.lane === lane).map(({ upTo }) => upTo),
    );
  }
  async untilAcked(producer: string, lane: Lane, upTo: number): Promise<void> {
    await waitUntil(
      `${producer} ${lane} ${upTo} acknowledged`,
      10_000,
      async () => (await this.acked(producer, lane)) >= upTo,
    );
  }

  /** Content of the closed members of a run, by path. */
  async members(runId: string): Promise<Map<string, Uint8Array>> {
    const list = await this.page.evaluate(async (id) => {
      const headers = (await globalThis.recorderPage.headers()).filter((header) => header.runId === id);
      return Promise.all(
        headers.map(async (header) => [header.path, await globalThis.recorderPage.content(header)] as const),
      );
    }, runId);
    return new Map(list.map(([path, base64]) => [path ?? '', Buffer.from(base64, 'base64')]));
  }
}

async function journalOf(members: ReadonlyMap<string, Uint8Array>): Promise<number[]> {
  const sequences: number[] = [];
  for (const [path, bytes] of [...members].sort(([a], [b]) => (a < b ? -1 : 1))) {
    if (!path.startsWith('mcap/')) continue;
    for await (const item of salvagePart(bytesSource(bytes), decompress))
      if (item.type === 'message') sequences.push(item.message.sequence);
  }
  return sequences;
}

function sqlite(members: ReadonlyMap<string, Uint8Array>, sql: string): string {
  const file = join(scratchFolder('events'), 'events.sqlite');
  writeFileSync(file, members.get('events.sqlite') ?? new Uint8Array(0));
  return execFileSync('sqlite3', ['-json', file, sql], { encoding: 'utf8' });
}

/** From the seed: everything that went wrong, the saturation question, the timeline, the commands, metadata columns. */
const SEED_QUERIES = [
  `SELECT t_utc, severity, kind, source, message FROM events WHERE severity IN ('warning', 'error') ORDER BY t_mono_ns`,
  `SELECT t_utc, message, metadata_json FROM events WHERE kind = 'saturation_deadline'`,
  `SELECT t_utc, kind, message FROM events WHERE kind LIKE 'method.step.%' OR kind LIKE '%.started' OR kind LIKE '%.ended' ORDER BY t_mono_ns`,
  `SELECT t_utc, kind, source, message, metadata_json FROM events WHERE source LIKE '%:%' AND kind NOT LIKE 'method.%' AND kind NOT LIKE 'camera.%' ORDER BY t_mono_ns`,
  `SELECT t_utc, kind, json_extract(metadata_json, '$.resource_id') AS rid, json_extract(metadata_json, '$.blocked_s') AS blocked_s FROM events WHERE kind = 'saturation_deadline'`,
  'SELECT run_id, job_id, started_at_ms, finished_at_ms, exit_code, cmd FROM sh_events',
];

describe('recorder worker on OPFS', () => {
  let server: Server;
  let origin: string;
  beforeAll(async () => {
    mkdirSync(RIG_CACHE, { recursive: true });
    await buildPage();
    server = await serve();
    origin = `http://localhost:${(server.address() as AddressInfo).port}`;
  });
  afterAll(() => {
    server.close();
    server.closeAllConnections();
  });

  async function launch(profile?: string): Promise<Chromium> {
    const chromium = await Chromium.launch({
      origin,
      devicesFolder: scratchFolder('devices'),
      grants: [],
      ...(profile !== undefined && { profile }),
    });
    onTestFinished(async () => {
      expect(chromium.complaints).toEqual([]);
      await chromium.close();
      chromium.removeProfile();
    });
    return chromium;
  }

  async function openRun(driver: Driver, changes: Partial<RunPlan> = {}): Promise<string> {
    const result = await driver.call<OpenRunResult>('openRun', plan(changes));
    if (!result.ok) throw new Error(`${result.code}: ${result.detail}`);
    return result.runId;
  }

  it('refuses to write into files younger than a minute, and says how long to wait', async () => {
    const driver = await Driver.open(await launch());
    const result = await driver.call<OpenRunResult>('openRun', plan({ waiver: 'none' }));
    expect(result).toMatchObject({ ok: false, code: 'slots_young' });
    expect(result.ok ? 0 : result.armInS).toBeGreaterThan(50);
  });

  it('survives the death of the worker in a run: nothing acknowledged is missing or doubled', async () => {
    const driver = await Driver.open(await launch());
    const runId = await openRun(driver);
    await driver.events(1, 'run.started', 'free_run.started');
    await driver.data(1, 50);
    await driver.untilAcked('mfc/1', 'data', 50);
    await driver.untilAcked('c/1', 'events', 2);
    await driver.data(51, 50);
    await driver.terminate();
    await driver.start();
    const state = await driver.call<OpenRunState | null>('openRunState');
    expect(state?.runId).toBe(runId);
    const have = state?.have.find(({ producer, lane }) => producer === 'mfc/1' && lane === 'data')?.upTo ?? 0;
    expect(have).toBeGreaterThanOrEqual(50);
    await driver.data(40, 80);
    await driver.events(1, 'run.started', 'free_run.started', 'run.ended');
    await driver.untilAcked('mfc/1', 'data', 119);
    await driver.untilAcked('c/1', 'events', 3);
    await driver.call('closeRun', { runStatus: 'completed', exitReason: 'procedure_complete' });
    const members = await driver.members(runId);
    expect(await journalOf(members)).toEqual(Array.from({ length: 119 }, (_, index) => index + 1));
    expect(sqlite(members, 'PRAGMA integrity_check')).toContain('ok');
    expect(sqlite(members, 'PRAGMA journal_mode')).toContain('delete');
    for (const query of SEED_QUERIES) sqlite(members, query);
    const rows = JSON.parse(
      sqlite(
        members,
        'SELECT e.*, p.hash FROM events e JOIN event_proof p ON p.event_id = e.id ORDER BY e.id',
      ),
    ) as (EventRow & { hash: string })[];
    expect(rows.map(({ kind }) => kind).filter((kind) => !kind.startsWith('recorder.'))).toEqual([
      'run.started',
      'free_run.started',
      'run.ended',
    ]);
    const linked = rows.map((row) => ({ row, hash: row.hash }));
    expect(firstBrokenLink(firstLink(plan().members, sha256), linked, sha256)).toBeNull();
    expect(await driver.call<StoredRun[]>('runs')).toMatchObject([{ runId, state: 'closed' }]);
  });

  it('has everything acknowledged after the browser was killed, and says what is missing', async () => {
    const chromium = await launch();
    const driver = await Driver.open(chromium);
    const runId = await openRun(driver);
    await driver.events(1, 'run.started');
    await driver.untilAcked('c/1', 'events', 1);
    let sent = 0;
    for (let round = 0; round < 8; round++) {
      await driver.data(sent + 1, 200);
      await driver.events(round + 2, 'operator.note');
      sent += 200;
    }
    await driver.untilAcked('mfc/1', 'data', 400);
    const acked = { data: await driver.acked('mfc/1', 'data'), events: await driver.acked('c/1', 'events') };
    await chromium.kill();
    const again = await Driver.open(await launch(chromium.profile));
    expect(await again.call<StoredRun[]>('recover')).toMatchObject([{ runId, state: 'closed' }]);
    const members = await again.members(runId);
    const sequences = await journalOf(members);
    expect(sequences).toEqual(Array.from({ length: sequences.length }, (_, index) => index + 1));
    expect(sequences.length).toBeGreaterThanOrEqual(acked.data);
    const kinds = (
      JSON.parse(sqlite(members, 'SELECT kind FROM events ORDER BY id')) as { kind: string }[]
    ).map(({ kind }) => kind);
    expect(kinds.filter((kind) => kind === 'operator.note').length).toBeGreaterThanOrEqual(acked.events - 1);
    expect(kinds.at(-1)).toBe('run.recovered');
    expect(sqlite(members, 'PRAGMA integrity_check')).toContain('ok');
  });
});

import { afterEach, describe, expect, it, vi } from 'vitest';
import type { BundleSummary } from '../../../src/bundle/types.ts';
import { Catalog, type CatalogRows } from '../../../src/kiosk/catalog.ts';
import type { SealResult } from '../../../src/wire/messages.ts';
import { RUN_ID } from '../bundle/made-run.ts';
import { bench, quiet, type Bench } from '../bundle/sealed-run.ts';

class Rows implements CatalogRows {
  rows: readonly BundleSummary[] = [];
  readonly bundles = () => Promise.resolve(this.rows);
  readonly changeBundle = (runId: string, change: (row: BundleSummary) => BundleSummary) => {
    this.rows = this.rows.map((row) => (row.run_id === runId ? change(row) : row));
    return Promise.resolve();
  };
  readonly replaceBundles = (rowsOf: (known: readonly BundleSummary[]) => readonly BundleSummary[]) => {
    this.rows = rowsOf(this.rows);
    return Promise.resolve();
  };
}

function catalogOver({ bundles }: Bench) {
  const rows = new Rows();
  let listed = Promise.resolve();
  const desk = {
    seal: async (runId: string): Promise<SealResult> => {
      const sealed = await bundles.seal(runId, quiet);
      return sealed.ok ? { ...sealed, integrity: 'ok' } : sealed;
    },
    sealEnded: quiet,
    verify: bundles.verify.bind(bundles),
    list: async () => {
      const found = await bundles.list();
      await listed;
      return found;
    },
  };
  const catalog = new Catalog(desk, rows);
  const integrity = async () => (await rows.bundles()).map((row) => row.integrity_status);
  /** The answer to a list comes when this is called. */
  const holdLists = () => {
    let release = (): void => undefined;
    listed = new Promise<void>((resolve) => (release = resolve));
    return () => release();
  };
  return { catalog, rows, integrity, holdLists };
}

async function flip(at: Bench): Promise<void> {
  const member = (await at.bundles.members(RUN_ID)).find(({ path }) => path === 'run.log');
  const file = at.directory.files.get(member?.slot ?? '');
  if (member === undefined || file === undefined) throw new Error('run.log is gone');
  file.bytes[member.offset]! ^= 1;
}

afterEach(() => vi.unstubAllGlobals());

describe('catalog', () => {
  it('says ok after a seal, and of what it finds anew only that nobody checked it', async () => {
    const at = await bench({ count: 6 });
    const { catalog, rows, integrity } = catalogOver(at);
    await catalog.seal(RUN_ID);
    expect(await integrity()).toEqual(['ok']);
    await catalog.rebuild();
    expect(await integrity()).toEqual(['ok']);
    await flip(at);
    rows.rows = [];
    await catalog.rebuild();
    expect(await integrity()).toEqual(['unknown']);
    await catalog.verify(RUN_ID, quiet);
    expect(await integrity()).toEqual(['mismatch']);
    await catalog.rebuild();
    expect(await integrity()).toEqual(['mismatch']);
  });

  it('keeps what a verification says while the slots are being listed', async () => {
    const at = await bench({ count: 6 });
    const { catalog, integrity, holdLists } = catalogOver(at);
    await at.bundles.seal(RUN_ID, quiet);
    await catalog.rebuild();
    const release = holdLists();
    const rebuilt = catalog.rebuild();
    await catalog.verify(RUN_ID, quiet);
    release();
    await rebuilt;
    expect(await integrity()).toEqual(['ok']);
  });

  it('finds again by itself, once, what the slots hold and it has lost', async () => {
    const at = await bench({ count: 6 });
    await at.bundles.seal(RUN_ID, quiet);
    const { catalog, rows, holdLists } = catalogOver(at);
    const release = holdLists();
    const asked = Promise.all([catalog.bundles(), catalog.bundles()]);
    release();
    for (const found of await asked)
      expect(found).toMatchObject([{ run_id: RUN_ID, integrity_status: 'unknown' }]);
    rows.rows = [];
    expect(await catalog.bundles()).toEqual([]);
  });

  it('tells that a run is sealed also when it cannot list it', async () => {
    const reported: unknown[] = [];
    vi.stubGlobal('reportError', (error: unknown) => reported.push(error));
    const { catalog, rows } = catalogOver(await bench({ count: 6 }));
    const refused = new Error('the database is gone');
    Object.assign(rows, { replaceBundles: () => Promise.reject(refused) });
    expect(await catalog.seal(RUN_ID)).toMatchObject({ ok: true, runId: RUN_ID });
    expect(reported).toEqual([refused]);
  });
});

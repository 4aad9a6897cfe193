import { beforeEach, describe, expect, it } from 'vitest';
import { exportZipToDirectory } from '../../../src/export/to-directory.ts';
import type { ExportJob } from '../../../src/export/types.ts';
import { RUN_ID } from '../bundle/made-run.ts';
import { bench, quiet } from '../bundle/sealed-run.ts';
import { MemoryStick } from './memory-stick.ts';

const ZIP = `${RUN_ID}.zip`;
const RECEIPT = `${RUN_ID}.receipt.json`;

let job: ExportJob;
let stick: MemoryStick;

beforeEach(async () => {
  const at = await bench({ count: 6 });
  await at.bundles.seal(RUN_ID, quiet);
  stick = new MemoryStick();
  job = {
    runId: RUN_ID,
    members: await at.bundles.members(RUN_ID),
    slotBlob: (slot) => at.directory.blob(slot),
    progress: quiet,
    utcMs: () => 0,
  };
});

const exported = (more: Partial<ExportJob> = {}) => exportZipToDirectory({ ...job, ...more }, stick.handle);

describe('export to a directory', () => {
  it('leaves the zip and a receipt that vouches for it', async () => {
    expect(await exported()).toMatchObject({ ok: true, verified: true });
    expect([...stick.files.keys()]).toEqual([ZIP, RECEIPT]);
    expect(JSON.parse(stick.text(RECEIPT))).toMatchObject({ run_id: RUN_ID, verified: true });
  });

  it('leaves no receipt beside what did not read back, and not that either', async () => {
    await exported();
    stick.faults.flips = (name) => name === ZIP;
    expect(await exported()).toMatchObject({
      ok: false,
      code: 'mismatch',
      detail: expect.stringContaining('nothing of it was left there'),
    });
    expect([...stick.files.keys()]).toEqual([]);
  });

  it('leaves no empty zip on a full target', async () => {
    stick.faults.bytesMax = 10_000;
    expect(await exported()).toMatchObject({ ok: false, code: 'full' });
    expect([...stick.files.keys()]).toEqual([]);
  });

  it('leaves an earlier copy and its receipt alone when there is no room to replace it', async () => {
    await exported();
    const before = new Map(stick.files);
    stick.faults.bytesMax = 10_000;
    expect(await exported()).toMatchObject({
      ok: false,
      code: 'full',
      detail: expect.stringContaining(`the earlier ${ZIP} is unchanged`),
    });
    expect(stick.files).toEqual(before);
  });

  it.each(['write', 'read back'])('can be cancelled to the last byte of %s', async (phase) => {
    const abort = new AbortController();
    const outcome = await exported({
      signal: abort.signal,
      progress: (p) => {
        if (p.phase === phase && (phase === 'read back' || p.bytesDone === p.bytesTotal)) abort.abort();
      },
    });
    expect(outcome).toMatchObject({ ok: false, code: 'cancelled' });
    expect([...stick.files.keys()]).toEqual([]);
  });
});

import { execFileSync, spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { BlobReader, BlobWriter, ZipReader, ZipWriter } from '@zip.js/zip.js';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { blobSource } from '../../../src/bundle/blob-bytes.ts';
import { verifyBundle } from '../../../src/bundle/verify.ts';
import { openZipBundle } from '../../../src/bundle/zip-source.ts';
import { readBackZip } from '../../../src/export/read-back.ts';
import { formatReceipt, rootDigestOf } from '../../../src/export/receipt.ts';
import type { ExportJob } from '../../../src/export/types.ts';
import { zipBlob } from '../../../src/export/zip-blob.ts';
import { zipLayout } from '../../../src/formats/zip64.ts';
import { RUN_ID } from '../bundle/made-run.ts';
import { bench, quiet } from '../bundle/sealed-run.ts';

const folder = mkdtempSync(join(tmpdir(), 'export-'));
afterAll(() => rmSync(folder, { recursive: true }));

let job: ExportJob;
let zip: Uint8Array<ArrayBuffer>;
const zipPath = join(folder, `${RUN_ID}.zip`);

beforeAll(async () => {
  const at = await bench({ count: 6 });
  await at.bundles.seal(RUN_ID, quiet);
  job = {
    runId: RUN_ID,
    members: await at.bundles.members(RUN_ID),
    slotBlob: (slot) => at.directory.blob(slot),
    progress: quiet,
    utcMs: () => 0,
  };
  zip = new Uint8Array(await (await zipBlob(job)).arrayBuffer());
  writeFileSync(zipPath, zip);
});

async function verifyZip(bytes: Uint8Array<ArrayBuffer>): Promise<readonly string[]> {
  const opened = await openZipBundle(blobSource(new Blob([bytes])), 'x.zip');
  if (!opened.ok) return [opened.error];
  // What lies between the members is found without reading them.
  const { containerProblems, source } = opened.value;
  const problems = containerProblems.length > 0 ? containerProblems : (await verifyBundle(source)).problems;
  return problems.map(({ path }) => path);
}

function cli(...args: string[]): { code: number | null; out: string } {
  const root = resolve(import.meta.dirname, '../../..');
  const ran = spawnSync(join(root, 'node_modules/.bin/tsx'), [join(root, 'src/cli/verify.ts'), ...args]);
  return { code: ran.status, out: ran.stdout.toString() + ran.stderr.toString() };
}

describe('exported zip', () => {
  it('is a zip for unzip and zip.js, and sha256sum -c passes inside', async () => {
    expect(execFileSync('unzip', ['-t', zipPath]).toString()).toContain('No errors detected');
    execFileSync('unzip', ['-q', zipPath, '-d', folder]);
    expect(
      execFileSync('sha256sum', ['-c', '--quiet', 'manifest.sha256'], {
        cwd: join(folder, RUN_ID),
      }).toString(),
    ).toBe('');
    const entries = await new ZipReader(new BlobReader(new Blob([zip]))).getEntries();
    expect(entries.map(({ filename }) => filename)).toEqual(
      job.members.map(({ path }) => `${RUN_ID}/${path}`),
    );
  });

  it('reads back as it was sealed, and a receipt says so', async () => {
    const expected = { rootDigest: rootDigestOf(job.members), bytesTotal: 1, progress: quiet };
    expect(await readBackZip(new File([zip], 'x.zip'), expected)).toBeNull();
    expect(
      await readBackZip(new File([zip], 'x.zip'), { ...expected, rootDigest: '0'.repeat(64) }),
    ).toMatchObject({
      code: 'mismatch',
    });
    const facts = {
      runId: RUN_ID,
      members: job.members,
      target: 'x',
      zipBytes: zip.length,
      exportedUtcMs: 0,
    };
    const receipt = formatReceipt({ ...facts, kind: 'file', verified: true });
    expect(JSON.parse(receipt)).toMatchObject({ root_digest: expected.rootDigest, verified: true });
    expect(formatReceipt({ ...facts, kind: 'download', verified: false })).toContain('nothing was read back');
  });

  it('catches a flipped byte anywhere: all between the members and in manifest.sha256, every 97th in the rest', async () => {
    const layout = zipLayout(job.members.map((member) => ({ ...member, path: `${RUN_ID}/${member.path}` })));
    const isSampled = (at: number) =>
      at % 97 !== 0 &&
      layout.members.some(
        ({ path, dataOffset, bytes }) =>
          !/manifest\.sha256$/.test(path) && at >= dataOffset && at < dataOffset + bytes,
      );
    const list = layout.members.find(({ path }) => path.endsWith('/manifest.sha256'))!;
    const inList = (at: number) => at >= list.dataOffset && at < list.dataOffset + list.bytes;
    const missed: number[] = [];
    let tried = 0;
    for (let at = 0; at < zip.length; at += 1) {
      if (isSampled(at)) continue;
      tried += 1;
      zip[at]! ^= 1 << (at % 8);
      const named = await verifyZip(zip);
      if (named.length === 0 || (inList(at) && !named.includes('manifest.sha256'))) missed.push(at);
      zip[at]! ^= 1 << (at % 8);
    }
    expect(missed).toEqual([]);
    expect(tried).toBeGreaterThan(4000);
  });

  it('still verifies when another tool packed it again', async () => {
    const repacked = join(folder, 'again.zip');
    const writer = new ZipWriter(new BlobWriter());
    for (const entry of await new ZipReader(new BlobReader(new Blob([zip]))).getEntries())
      if (!entry.directory)
        await writer.add(entry.filename, new BlobReader(await entry.getData(new BlobWriter())));
    writeFileSync(repacked, new Uint8Array(await (await writer.close()).arrayBuffer()));
    expect(cli(repacked)).toMatchObject({ code: 0 });
  });
});

describe('verify command', () => {
  it('tells ok, names what differs, and refuses nonsense', () => {
    const copy = join(folder, 'copy');
    mkdirSync(copy);
    execFileSync('cp', ['-r', join(folder, RUN_ID), copy]);
    const bundle = join(copy, RUN_ID);
    expect(cli(zipPath)).toMatchObject({ code: 0 });
    expect(cli(zipPath).out).toContain(rootDigestOf(job.members));
    expect(cli(bundle)).toMatchObject({ code: 0 });
    writeFileSync(join(bundle, 'surprise.txt'), 'x');
    expect(cli(bundle)).toMatchObject({ code: 1, out: expect.stringContaining('surprise.txt: extra') });
    const log = readFileSync(join(bundle, 'run.log'));
    log[5]! ^= 1;
    writeFileSync(join(bundle, 'run.log'), log);
    rmSync(join(bundle, 'status.sqlite'));
    const { code, out } = cli(bundle);
    expect(code).toBe(1);
    for (const words of ['run.log: digest_mismatch', 'status.sqlite: missing', 'integrity    mismatch'])
      expect(out).toContain(words);
    expect(cli().code).toBe(64);
    expect(cli(join(folder, 'nowhere')).code).toBe(64);
  });
});

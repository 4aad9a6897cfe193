import { spawn, type ChildProcess } from 'node:child_process';
import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, expect, it } from 'vitest';
import { ROOT, scratchFolder } from '../rig/folders.ts';
import { unzipBundle } from '../rig/readers/bundle-folder.ts';
import { failedBySha256sum } from '../rig/readers/sha256sum.ts';
import { waitUntil } from '../rig/wait-until.ts';

const folder = scratchFolder('record');
afterAll(() => rmSync(folder, { recursive: true, force: true }));

interface Recording {
  readonly child: ChildProcess;
  output(): string;
  readonly ended: Promise<number | null>;
}

/** As a person types it; in a process group of its own, as a terminal would have it. */
function record(name: string, ...more: readonly string[]): Recording {
  const args = ['--rig', join(ROOT, 'public/rigs/simulated.toml'), '--out', join(folder, name)];
  const profile = ['--profile', join(folder, `profile-${name}`)];
  const child = spawn('npm', ['run', '--silent', 'record', '--', ...args, ...profile, ...more], {
    cwd: ROOT,
    detached: true,
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let output = '';
  for (const stream of [child.stdout, child.stderr])
    stream.setEncoding('utf8').on('data', (text: string) => (output += text));
  const ended = new Promise<number | null>((resolve) => child.once('exit', (code) => resolve(code)));
  return { child, output: () => output, ended };
}

async function bundleOf(recording: Recording) {
  const path = /^bundle (.+)$/m.exec(recording.output())?.[1] ?? '';
  const digest = /^digest ([0-9a-f]{64})$/m.exec(recording.output())?.[1];
  expect(digest, recording.output()).toBeDefined();
  return unzipBundle(path, join(folder, `${path.replaceAll('/', '_')}-unzipped`));
}

it('npm run record: records, seals, verifies, exits with 0', async () => {
  const recording = record('completed', '--duration', '5');
  expect(await recording.ended, recording.output()).toBe(0);
  const bundle = await bundleOf(recording);
  expect(failedBySha256sum(bundle.path)).toEqual([]);
  expect(bundle.manifest()).toMatchObject({ run_status: 'completed', bundle_status: 'sealed' });
});

it('npm run record: one Ctrl-C stops and seals, exits with 1', async () => {
  const recording = record('interrupted');
  await waitUntil(
    'data',
    90_000,
    () => /^running .* [1-9]\d* data/m.test(recording.output()),
    recording.output,
  );
  process.kill(-(recording.child.pid ?? 0), 'SIGINT');
  expect(await recording.ended, recording.output()).toBe(1);
  const bundle = await bundleOf(recording);
  expect(failedBySha256sum(bundle.path)).toEqual([]);
  expect(bundle.manifest()).toMatchObject({ run_status: 'aborted', exit_reason: 'operator_stop' });
});

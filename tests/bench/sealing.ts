import { chromiumProcesses, residentBytes } from '../rig/chromium-process.ts';
import { waitUntil } from '../rig/wait-until.ts';
import { withBenchPage } from './bench-browser.ts';
import { FIELDS, Pipeline, type PipelineWindow } from './pipeline.ts';
import type { BenchRow } from './table.ts';

const SEAL_WITHIN_MS = 30 * 60_000;

/** Fills a journal of about `megabytes`, then seals: speed, and the most memory any one browser process took for it. */
async function sealOf(megabytes: number): Promise<{ mbPerS: number; peakMb: number; journalMb: number }> {
  return withBenchPage(async (page, chromium) => {
    const pipe = new Pipeline(page, chromium);
    await pipe.open({ blockSamples: 1000, fields: FIELDS.slice(0, 1), sampleHz: 0, values: 'noise' });
    await pipe.start();
    await waitUntil(
      `a journal of ${megabytes} MB`,
      300_000,
      async () => ((await pipe.view()).health.recorder?.journalBytes ?? 0) >= megabytes * 1e6,
      async () => (await pipe.view()).health,
      100,
    );
    const pids = chromiumProcesses(chromium.profile);
    const before = new Map(pids.map((pid) => [pid, residentBytes(pid)]));
    let grown = 0;
    const watch = setInterval(() => {
      for (const [pid, bytes] of before) grown = Math.max(grown, residentBytes(pid) - bytes);
    }, 50);
    let journalBytes = 0;
    let finalizingMs: number | null = null;
    await page.evaluate(() => (globalThis as unknown as PipelineWindow).pipeline.stop());
    await waitUntil(
      'the seal',
      SEAL_WITHIN_MS,
      async () => {
        const view = await pipe.view();
        journalBytes = Math.max(journalBytes, view.health.recorder?.journalBytes ?? 0);
        if (view.run.state.phase === 'failed') throw new Error(view.run.state.reason);
        if (view.run.state.phase === 'finalizing') finalizingMs ??= performance.now();
        return view.run.state.phase === 'sealed';
      },
      () => pipe.view(),
      20,
    );
    clearInterval(watch);
    const seconds = (performance.now() - (finalizingMs ?? NaN)) / 1000;
    return { mbPerS: journalBytes / 1e6 / seconds, peakMb: grown / 1e6, journalMb: journalBytes / 1e6 };
  });
}

export async function benchSeal(): Promise<BenchRow[]> {
  const small = await sealOf(50);
  const large = await sealOf(500);
  return [
    { what: `seal of a ${small.journalMb.toFixed(0)} MB journal`, value: small.mbPerS, unit: 'MB/s' },
    {
      what: `seal of a ${large.journalMb.toFixed(0)} MB journal`,
      value: large.mbPerS,
      unit: 'MB/s',
      peer: { name: 'the small one', value: small.mbPerS },
    },
    { what: 'memory a process grew by while sealing the small one', value: small.peakMb, unit: 'MB' },
    {
      what: 'memory a process grew by while sealing the large one',
      value: large.peakMb,
      unit: 'MB',
      peer: { name: 'the small one', value: small.peakMb },
    },
  ];
}

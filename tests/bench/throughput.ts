import { setTimeout as sleep } from 'node:timers/promises';
import { waitUntil } from '../rig/wait-until.ts';
import { withBenchPage } from './bench-browser.ts';
import { FIELDS, percentile, Pipeline, sum, type PipelineWindow } from './pipeline.ts';
import { median, type BenchRow } from './table.ts';

/** 20 channels at 1 kHz for a minute: latency to durable, loss, the conductor's loop, CPU of every process. */
export async function benchPipeline(): Promise<BenchRow[]> {
  const seconds = 60;
  return withBenchPage(async (page, chromium) => {
    const pipe = new Pipeline(page, chromium);
    await pipe.open({ blockSamples: 50, fields: FIELDS, sampleHz: 1000, values: 'adc' });
    await pipe.start();
    const cpuBefore = pipe.cpuMs();
    const startMs = performance.now();
    await sleep(seconds * 1000);
    const cpuPercent = (100 * (pipe.cpuMs() - cpuBefore)) / (performance.now() - startMs);
    const { health } = await pipe.view();
    await pipe.stopAndSeal(120_000);
    const stats = await pipe.stats();
    const latencies = stats.flatMap((one) => one.latenciesMs);
    const what = '20 channels × 1 kHz, 60 s: ';
    return [
      { what: `${what}samples made`, value: sum(stats, (one) => one.units), unit: 'samples' },
      {
        what: `${what}samples lost`,
        value: sum(stats, (one) => one.units - one.unitsAcked),
        unit: 'samples',
        target: { kind: 'at most', value: 0 },
      },
      {
        what: `${what}block complete → flushed and acknowledged, p50`,
        value: percentile(latencies, 0.5),
        unit: 'ms',
      },
      {
        what: `${what}the same, p99`,
        value: percentile(latencies, 0.99),
        unit: 'ms',
        target: { kind: 'at most', value: 500 },
      },
      {
        what: `${what}conductor loop lag, p99`,
        value: health.loopLagP99Ms,
        unit: 'ms',
        target: { kind: 'at most', value: 20 },
      },
      {
        what: `${what}CPU of all browser processes`,
        value: cpuPercent,
        unit: '% of one core',
        target: { kind: 'at most', value: 50 },
      },
    ];
  });
}

/** Closed loop: sources make blocks of 1,000 as fast as acknowledgements let them. Median of 5 windows. */
export async function benchSustained(): Promise<BenchRow[]> {
  const windows = 5;
  const windowMs = 5000;
  return withBenchPage(async (page, chromium) => {
    const pipe = new Pipeline(page, chromium);
    await pipe.open({ blockSamples: 1000, fields: FIELDS.slice(0, 1), sampleHz: 0, values: 'adc' });
    await pipe.start();
    await sleep(1500);
    const rates: number[] = [];
    let before = sum(await pipe.stats(), (one) => one.unitsAcked);
    let atMs = performance.now();
    for (let window = 0; window < windows; window++) {
      await sleep(windowMs);
      const acked = sum(await pipe.stats(), (one) => one.unitsAcked);
      const nowMs = performance.now();
      rates.push((1000 * (acked - before)) / (nowMs - atMs));
      [before, atMs] = [acked, nowMs];
    }
    const { health } = await pipe.view();
    const bytesPerSample = (health.recorder?.journalBytes ?? NaN) / before;
    await pipe.page.evaluate(() => (globalThis as unknown as PipelineWindow).pipeline.stop());
    const stats = await waitUntil(
      'every block to be acknowledged',
      60_000,
      async () => {
        const all = await pipe.stats();
        return sum(all, (one) => one.units - one.unitsAcked) === 0 ? all : null;
      },
      async () => (await pipe.stats()).map(({ latenciesMs, ...one }) => ({ ...one, n: latenciesMs.length })),
    );
    return [
      {
        what: 'blocks of 1,000, sustained through the whole path',
        value: median(rates),
        unit: 'samples/s',
        target: { kind: 'at least', value: 3_000_000 },
      },
      { what: 'the same: lost', value: sum(stats, (one) => one.units - one.unitsAcked), unit: 'samples' },
      { what: 'the same: journal', value: bytesPerSample, unit: 'bytes/sample' },
      {
        what: 'the same: kept by the conductor under load',
        value: health.retainedBytes / 2 ** 20,
        unit: 'MiB',
      },
    ];
  });
}

import { setTimeout as sleep } from 'node:timers/promises';
import type { Page } from 'playwright-core';
import type { Rig } from '../../src/rig/rig.ts';
import type { Chromium } from '../rig/chromium.ts';
import { chromiumProcesses, cpuTimeMs, residentBytes } from '../rig/chromium-process.ts';
import { waitUntil } from '../rig/wait-until.ts';
import { withBenchPage, type BenchWindow } from './bench-browser.ts';
import type { Load, LoadStats } from './page/load-source.ts';
import type { pipeline } from './page/pipeline-page.ts';
import { median, type BenchRow } from './table.ts';

type PipelineWindow = { readonly pipeline: typeof pipeline };
type View = Awaited<ReturnType<typeof pipeline.view>>;

const SOURCES = 4;
const FIELDS = ['Mass_Flow', 'Mass_Flow_Setpt', 'Abs_Press', 'Temperature', 'Volumetric_Flow'] as const;
const UNITS = {
  Mass_Flow: 'SLPM',
  Mass_Flow_Setpt: 'SLPM',
  Abs_Press: 'psia',
  Temperature: 'degC',
  Volumetric_Flow: 'LPM',
};
const KINDS = {
  Mass_Flow: 'mfc_flow',
  Mass_Flow_Setpt: 'setpoint',
  Abs_Press: 'pressure',
  Temperature: 'process_var',
  Volumetric_Flow: 'mfc_flow',
} as const;

/** Four devices, one worker each, five channels each. */
function rig(partBytesMax: number): Rig {
  const names = Array.from({ length: SOURCES }, (_, index) => `source${index + 1}`);
  return {
    name: 'bench',
    devices: names.map((name, index) => ({
      name,
      adapter: 'alicat',
      port: { transport: 'web-serial', usbVendorId: 0xbe5c, usbProductId: 1 + index, index: 0 },
      params: { unit_id: 'A', baud: 115200, timeout_s: 0.5, rate_hz: 20 },
      onFailure: 'warn',
    })),
    channels: names.flatMap((device) =>
      FIELDS.map((field) => ({
        name: `${device}.${field}`,
        kind: KINDS[field],
        unit: UNITS[field],
        source: { device, field },
        calibration: { kind: 'identity' as const },
        keepRaw: false,
        plotGroup: field,
        decimateToHz: 60,
      })),
    ),
    storage: { partBytesMax, partMinutesMax: 60 },
  };
}

class Pipeline {
  readonly page: Page;
  readonly chromium: Chromium;

  constructor(page: Page, chromium: Chromium) {
    this.page = page;
    this.chromium = chromium;
  }

  async open(load: Load): Promise<void> {
    await this.page.evaluate(() => (globalThis as unknown as BenchWindow).bench.openPipeline());
    // As text: the type of a rig is too deep for what `evaluate` does to its arguments' types.
    const problems = await this.page.evaluate(
      ([wanted, devicesDo]) =>
        (globalThis as unknown as PipelineWindow).pipeline.setRig(JSON.parse(wanted) as Rig, devicesDo),
      [JSON.stringify(rig(500_000_000)), load] as const,
    );
    if (problems.length > 0) throw new Error(JSON.stringify(problems));
    await waitUntil(
      'the sources',
      20_000,
      async () =>
        (await this.view()).devices.filter((device) => device.phase === 'polling').length === SOURCES,
      () => this.view(),
    );
    await waitUntil(
      'slots',
      30_000,
      async () => {
        const recorder = (await this.view()).health.recorder;
        return recorder !== null && recorder.slotsAged + recorder.slotsYoung >= 4;
      },
      () => this.view(),
    );
  }

  view(): Promise<View> {
    return this.page.evaluate(() => (globalThis as unknown as PipelineWindow).pipeline.view());
  }

  stats(): Promise<LoadStats[]> {
    return this.page.evaluate(
      (count) => (globalThis as unknown as PipelineWindow).pipeline.loadStats(count),
      SOURCES,
    );
  }

  async start(): Promise<void> {
    const result = await this.page.evaluate(() => (globalThis as unknown as PipelineWindow).pipeline.start());
    if (!result.ok) throw new Error(`${result.code}: ${result.detail}`);
  }

  async stopAndSeal(timeoutMs: number): Promise<View> {
    await this.page.evaluate(() => (globalThis as unknown as PipelineWindow).pipeline.stop());
    return waitUntil(
      'the seal',
      timeoutMs,
      async () => {
        const view = await this.view();
        if (view.run.state.phase === 'failed') throw new Error(view.run.state.reason);
        return view.run.state.phase === 'sealed' ? view : null;
      },
      () => this.view(),
      20,
    );
  }

  cpuMs(): number {
    return cpuTimeMs(chromiumProcesses(this.chromium.profile));
  }
}

const sum = (stats: readonly LoadStats[], of: (one: LoadStats) => number): number =>
  stats.reduce((total, one) => total + of(one), 0);

function percentile(values: readonly number[], part: number): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.floor(part * sorted.length))] ?? NaN;
}

/** 20 channels at 1 kHz for a minute: latency to durable, loss, the conductor's loop, CPU of every process. */
export async function benchPipeline(): Promise<BenchRow[]> {
  const seconds = 60;
  return withBenchPage(async (page, chromium) => {
    const pipe = new Pipeline(page, chromium);
    await pipe.open({ blockSamples: 50, fields: FIELDS, sampleHz: 1000 });
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
      { what: `${what}samples made`, value: sum(stats, (one) => one.samples), unit: 'samples' },
      {
        what: `${what}samples lost`,
        value: sum(stats, (one) => one.samples - one.samplesAcked),
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
    await pipe.open({ blockSamples: 1000, fields: FIELDS.slice(0, 1), sampleHz: 0 });
    await pipe.start();
    await sleep(1500);
    const rates: number[] = [];
    let before = sum(await pipe.stats(), (one) => one.samplesAcked);
    let atMs = performance.now();
    for (let window = 0; window < windows; window++) {
      await sleep(windowMs);
      const acked = sum(await pipe.stats(), (one) => one.samplesAcked);
      const nowMs = performance.now();
      rates.push((1000 * (acked - before)) / (nowMs - atMs));
      [before, atMs] = [acked, nowMs];
    }
    const { health } = await pipe.view();
    await pipe.page.evaluate(() => (globalThis as unknown as PipelineWindow).pipeline.stop());
    const stats = await waitUntil(
      'every block to be acknowledged',
      60_000,
      async () => {
        const all = await pipe.stats();
        return sum(all, (one) => one.samples - one.samplesAcked) === 0 ? all : null;
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
      { what: 'the same: lost', value: sum(stats, (one) => one.samples - one.samplesAcked), unit: 'samples' },
      {
        what: 'the same: kept by the conductor at the end',
        value: health.retainedBytes / 2 ** 20,
        unit: 'MiB',
      },
    ];
  });
}

/** Fills a journal of about `megabytes`, then seals: speed, and the most memory any one browser process took for it. */
async function sealOf(megabytes: number): Promise<{ mbPerS: number; peakMb: number; journalMb: number }> {
  return withBenchPage(async (page, chromium) => {
    const pipe = new Pipeline(page, chromium);
    await pipe.open({ blockSamples: 1000, fields: FIELDS.slice(0, 1), sampleHz: 0 });
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
      600_000,
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

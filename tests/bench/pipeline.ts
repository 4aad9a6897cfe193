import type { Page } from 'playwright-core';
import type { Rig } from '../../src/rig/rig.ts';
import type { Chromium } from '../rig/chromium.ts';
import { chromiumProcesses, cpuTimeMs } from '../rig/chromium-process.ts';
import { type UsbIdentity } from '../rig/pty-port.ts';
import { waitUntil } from '../rig/wait-until.ts';
import { type BenchWindow } from './bench-browser.ts';
import type { LoadStats } from './page/load-stats.ts';
import { type Load } from './page/load.ts';
import type { pipeline } from './page/pipeline-page.ts';

export type PipelineWindow = { readonly pipeline: typeof pipeline };
type View = Awaited<ReturnType<typeof pipeline.view>>;

export const SOURCES = 4;
/** Identities of the bench's ports; only the flat-out bench has real ones behind them. */
export const PORTS: readonly UsbIdentity[] = Array.from({ length: SOURCES }, (_, index) => ({
  vendorId: 0xbe5c,
  productId: 1 + index,
  name: `Bench port ${index + 1}`,
  serialNumber: `B${index + 1}`,
}));
export const FIELDS = [
  'Mass_Flow',
  'Mass_Flow_Setpt',
  'Abs_Press',
  'Temperature',
  'Volumetric_Flow',
] as const;
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
      port: {
        transport: 'web-serial',
        usbVendorId: PORTS[index]?.vendorId ?? 0,
        usbProductId: 1 + index,
        index: 0,
      },
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

export class Pipeline {
  readonly page: Page;
  readonly chromium: Chromium;

  constructor(page: Page, chromium: Chromium) {
    this.page = page;
    this.chromium = chromium;
  }

  async open(load: Load | null): Promise<void> {
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

export const sum = (stats: readonly LoadStats[], of: (one: LoadStats) => number): number =>
  stats.reduce((total, one) => total + of(one), 0);

export function percentile(values: readonly number[], part: number): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.floor(part * sorted.length))] ?? NaN;
}

import { mkdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, expect, inject } from 'vitest';
import { axeViolations } from './accessibility.ts';
import { Chromium } from './chromium.ts';
import { scratchFolder } from './folders.ts';
import type { InstrumentSpec } from './instrument-messages.ts';
import { InstrumentProcess } from './instrument-process.ts';
import { KioskPage } from './kiosk-page.ts';
import { expectNothingOpen } from './open-work.ts';
import { unzipBundle, type BundleFolder } from './readers/bundle-folder.ts';

afterEach(expectNothingOpen);

export interface WorkbenchOptions {
  readonly instruments?: readonly InstrumentSpec[];
  readonly origin?: string;
  /** Complaints a test provokes itself, such as requests to a server it stopped. */
  readonly expectedComplaints?: readonly RegExp[];
}

/** Instruments on ptys, a browser that sees them, the kiosk open in it. */
export class Workbench {
  readonly folder = scratchFolder('bench');
  readonly devicesFolder = join(this.folder, 'devices');
  readonly origin: string;
  instruments!: InstrumentProcess;
  chromium!: Chromium;
  kiosk!: KioskPage;
  private readonly options: WorkbenchOptions;
  private downloads = 0;

  constructor(options: WorkbenchOptions) {
    this.options = options;
    this.origin = options.origin ?? inject('appOrigin');
    mkdirSync(this.devicesFolder);
  }

  async start(): Promise<void> {
    this.instruments = await InstrumentProcess.start(this.devicesFolder, this.options.instruments ?? []);
    await this.launch();
  }

  /** Starts the browser, again on the same profile if there was one, and opens the kiosk. */
  async launch(): Promise<void> {
    this.chromium = await Chromium.launch({
      origin: this.origin,
      devicesFolder: this.devicesFolder,
      grants: (this.options.instruments ?? []).map((spec) => spec.usb),
      ...(this.chromium !== undefined && { profile: this.chromium.profile }),
    });
    this.kiosk = await this.tab();
  }

  /** Another tab of the same browser. */
  async tab(): Promise<KioskPage> {
    const kiosk = new KioskPage(await this.chromium.page(), this.origin);
    await kiosk.open();
    return kiosk;
  }

  /** The bundle as it would lie on a USB stick, unzipped. */
  async carryAway(runId: string, into: string = this.folder): Promise<BundleFolder> {
    const name = join(into, `bundle-${++this.downloads}`);
    await this.kiosk.download(runId, `${name}.zip`);
    return unzipBundle(`${name}.zip`, name);
  }

  /** Nothing complained, and the page as it stands is accessible. */
  async inspect(): Promise<void> {
    const expected = this.options.expectedComplaints ?? [];
    const unexpected = () =>
      this.chromium.complaints.filter(({ text }) => !expected.some((pattern) => pattern.test(text)));
    expect(unexpected(), 'complaints of the browser').toEqual([]);
    expect(await axeViolations(this.kiosk.page), 'accessibility').toEqual([]);
  }

  async end(): Promise<void> {
    await this.chromium?.close().catch(() => undefined);
    await this.instruments?.stop();
    this.chromium?.removeProfile();
    rmSync(this.folder, { recursive: true, force: true });
  }
}

/** Sets the bench up, runs the test on it, inspects, and clears everything away whatever happened. */
export async function withWorkbench(
  options: WorkbenchOptions,
  test: (bench: Workbench) => Promise<void>,
): Promise<void> {
  const bench = new Workbench(options);
  try {
    await bench.start();
    await test(bench);
    await bench.inspect();
  } finally {
    await bench.end();
  }
}

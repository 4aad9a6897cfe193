import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import type { BrowserContext, Page } from 'playwright-core';
import { chromium } from 'playwright-core';
import type {} from '../kiosk/global.ts';
import type { RunState } from '../record/run-state.ts';
import type { StartRequest, StartResult } from '../wire/messages.ts';

/** The facts of a mirror frame a progress line needs. */
export interface RunFacts {
  readonly state: RunState;
  /** Seconds until a run needs no waiver; null while there is no recorder. */
  readonly armInS: number | null;
  /** Spare files, young ones too. */
  readonly spares: number;
  readonly devices: readonly { readonly name: string; readonly phase: string; readonly detail: string }[];
  readonly elapsedS: number | null;
  readonly eventsRecorded: number;
  readonly dataRecorded: number;
  readonly journalBytes: number;
  readonly storageError: string | null;
}

/** Also for a page that is slow to load on a busy machine. */
const READY_TIMEOUT_MS = 60_000;
/** A seal of an hour at 20 kHz takes minutes. */
const DOWNLOAD_TIMEOUT_MS = 600_000;

/** The kiosk in a browser without a window: the same app, asked through `globalThis.benchseal`. */
export class KioskDriver {
  readonly #context: BrowserContext;
  readonly #page: Page;
  #crashed: string | null = null;

  private constructor(context: BrowserContext, page: Page) {
    this.#context = context;
    this.#page = page;
    page.on('crash', () => (this.#crashed = 'the page crashed'));
    context.on('close', () => (this.#crashed ??= 'the browser ended'));
  }

  /** Environment goes through untouched; signals are ours, the browser must outlive the first Ctrl-C. */
  static async launch(browser: string, profileFolder: string, url: string): Promise<KioskDriver> {
    const root = process.getuid?.() === 0;
    const context = await chromium.launchPersistentContext(profileFolder, {
      executablePath: browser,
      headless: true,
      acceptDownloads: true,
      handleSIGINT: false,
      handleSIGTERM: false,
      handleSIGHUP: false,
      args: [
        ...(root ? ['--no-sandbox'] : []),
        '--disable-quic',
        '--disable-background-networking',
        '--disable-component-update',
      ],
    });
    const page = context.pages()[0] ?? (await context.newPage());
    const driver = new KioskDriver(context, page);
    await page.goto(url);
    await page.waitForFunction(() => 'benchseal' in globalThis, undefined, { timeout: READY_TIMEOUT_MS });
    await page.evaluate(async () => (await globalThis.benchseal.snapshot()).hostMs);
    return driver;
  }

  /** Why the page or the browser is gone, or null. */
  get crashed(): string | null {
    return this.#crashed;
  }

  loadRig(toml: string): Promise<readonly { code: string; path: string; message: string }[]> {
    return this.#page.evaluate(async (text) => {
      const result = await globalThis.benchseal.loadRig(text);
      return result.ok ? [] : result.error.map(({ code, path, message }) => ({ code, path, message }));
    }, toml);
  }

  start(request: StartRequest): Promise<StartResult> {
    return this.#page.evaluate((asked) => globalThis.benchseal.start(asked), request);
  }

  async stop(): Promise<void> {
    // A run that ended by itself in this very moment has no more to stop.
    await this.#page.evaluate(() =>
      globalThis.benchseal.stop('operator_stop').catch((error: unknown) => {
        if (!(error instanceof Error && 'code' in error && error.code === 'no_run')) throw error;
      }),
    );
  }

  facts(): Promise<RunFacts> {
    return this.#page.evaluate(async () => {
      const view = await globalThis.benchseal.snapshot();
      const { recorder } = view.health;
      const { zero, state, endedHostMs } = view.run;
      return {
        state,
        armInS: recorder?.armInS ?? null,
        spares: (recorder?.slotsAged ?? 0) + (recorder?.slotsYoung ?? 0),
        devices: view.devices.map(({ device, phase, detail }) => ({ name: device, phase, detail })),
        elapsedS: zero === null ? null : ((endedHostMs ?? view.hostMs) - zero.hostMs) / 1000,
        eventsRecorded: recorder?.eventsRecorded ?? 0,
        dataRecorded: recorder?.dataRecorded ?? 0,
        journalBytes: recorder?.journalBytes ?? 0,
        storageError: recorder?.error?.detail ?? null,
      };
    });
  }

  /** Downloads the bundle as `<run_id>.zip` into the folder; returns its path. */
  async export(runId: string, outFolder: string): Promise<string> {
    mkdirSync(outFolder, { recursive: true });
    const [download, result] = await Promise.all([
      this.#page.waitForEvent('download', { timeout: DOWNLOAD_TIMEOUT_MS }),
      this.#page.evaluate((id) => globalThis.benchseal.exportTo(id, 'download', () => undefined), runId),
    ]);
    if (!result.ok) throw new Error(`export: ${result.detail}`);
    const path = join(outFolder, `${runId}.zip`);
    await download.saveAs(path);
    return path;
  }

  async close(): Promise<void> {
    await this.#context.close();
  }
}

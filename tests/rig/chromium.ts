import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { chromium as launcher, type BrowserContext, type Page } from 'playwright-core';
import { ensureBrowser } from '../../src/cli/setup.mjs';
import { killChromium, sharedWorkerProcesses } from './chromium-process.ts';
import { scratchFolder } from './folders.ts';
import { UDEV_STAND_IN } from './native-parts.ts';
import { noteOpen } from './open-work.ts';
import type { UsbIdentity } from './pty-port.ts';
import { watchSharedWorkers, type SharedWorkerWatch } from './shared-worker-watch.ts';

export interface ChromiumOptions {
  readonly origin: string;
  /** Folder of the plugged ports; the same for instruments and browser. */
  readonly devicesFolder: string;
  /** Ports this origin may open without the chooser, which nobody can answer in a headless browser. */
  readonly grants: readonly UsbIdentity[];
  /** A profile of an earlier launch, to start again on what it left. */
  readonly profile?: string;
}

/** Console errors, page errors and policy violations, as they came. */
export type Complaint = { readonly kind: 'console' | 'page' | 'policy' | 'conductor'; readonly text: string };

const POLICY_MARK = '[policy violation]';
const ARGUMENTS = [
  '--no-sandbox',
  '--disable-quic',
  '--disable-background-networking',
  '--disable-component-update',
];

/** Grants live in the profile as the chooser would have left them: vendor, product and serial number per origin. */
function preferences(origin: string, grants: readonly UsbIdentity[]): string {
  const chosen = grants.map(({ name, vendorId, productId, serialNumber }) => ({
    name,
    vendor_id: vendorId,
    product_id: productId,
    serial_number: serialNumber,
  }));
  const exceptions = { serial_chooser_data: { [`${origin},*`]: { setting: { 'chosen-objects': chosen } } } };
  return JSON.stringify({ profile: { content_settings: { exceptions } } });
}

function newProfile(options: ChromiumOptions): string {
  const profile = scratchFolder('profile');
  mkdirSync(join(profile, 'Default'));
  writeFileSync(join(profile, 'Default/Preferences'), preferences(options.origin, options.grants));
  return profile;
}

/** One browser on its own profile, watched for complaints from its first page on. */
export class Chromium {
  readonly profile: string;
  readonly origin: string;
  readonly context: BrowserContext;
  readonly complaints: Complaint[] = [];
  private readonly closed: () => void;
  private watch: SharedWorkerWatch | null = null;

  private constructor(profile: string, origin: string, context: BrowserContext) {
    this.profile = profile;
    this.origin = origin;
    this.context = context;
    this.closed = noteOpen(`a browser on ${profile}`, () => this.kill().then(() => this.removeProfile()));
    context.on('console', (message) => {
      const text = message.text();
      if (message.type() === 'error')
        this.complaints.push({ kind: text.startsWith(POLICY_MARK) ? 'policy' : 'console', text });
    });
    context.on('weberror', (error) => {
      const { message, stack } = error.error();
      this.complaints.push({ kind: 'page', text: stack ?? message });
    });
  }

  static async launch(options: ChromiumOptions): Promise<Chromium> {
    const profile = options.profile ?? newProfile(options);
    const context = await launcher.launchPersistentContext(profile, {
      executablePath: ensureBrowser(),
      headless: true,
      args: ARGUMENTS,
      acceptDownloads: true,
      viewport: { width: 1280, height: 800 },
      env: environment(options.devicesFolder),
    });
    const browser = new Chromium(profile, options.origin, context);
    await context.addInitScript((mark: string) => {
      addEventListener('securitypolicyviolation', (event) =>
        console.error(
          `${mark} ${event.effectiveDirective}: ${event.blockedURI} at ${event.sourceFile}:${event.lineNumber}`,
        ),
      );
    }, POLICY_MARK);
    const program = context.browser();
    if (program !== null)
      browser.watch = await watchSharedWorkers(program, (text) =>
        browser.complaints.push({ kind: 'conductor', text }),
      );
    return browser;
  }

  /** The page the browser opened with, or a new one. */
  async page(): Promise<Page> {
    const first = this.context.pages()[0];
    return first?.url() === 'about:blank' ? first : this.context.newPage();
  }

  /** Ends it in good order; the profile stays for another launch. */
  async close(): Promise<void> {
    await this.context.close();
    this.closed();
  }

  /** SIGKILL to every process of the browser. */
  async kill(): Promise<void> {
    await killChromium(this.profile);
    await this.context.close().catch(() => undefined);
    this.closed();
  }

  /** SIGKILL to the process of the conductor alone; returns what it was. */
  async killConductor(): Promise<number> {
    await this.watch?.release();
    const [pid, ...others] = sharedWorkerProcesses(this.profile);
    if (pid === undefined || others.length > 0)
      throw new Error(`expected one process with a SharedWorker, found ${pid ?? 'none'} ${others.join(' ')}`);
    process.kill(pid, 'SIGKILL');
    return pid;
  }

  removeProfile(): void {
    rmSync(this.profile, { recursive: true, force: true, maxRetries: 5, retryDelay: 100 });
  }
}

function environment(devicesFolder: string): Record<string, string> {
  const inherited = Object.entries(process.env).filter(
    (entry): entry is [string, string] => entry[1] !== undefined,
  );
  return { ...Object.fromEntries(inherited), FAKEUDEV_DIR: devicesFolder, LD_PRELOAD: UDEV_STAND_IN };
}

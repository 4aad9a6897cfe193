import { mkdirSync, readFileSync, rmSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import { extname, join } from 'node:path';
import type { Page } from 'playwright-core';
import { build } from 'vite';
import type { HostMs } from '../../src/record/clock.ts';
import type { Result } from '../../src/record/problem.ts';
import { PORT } from '../../src/cli/places.mjs';
import type { ByteChannel, ChannelError, ChannelLine, Chunk } from '../../src/transports/byte-channel.ts';
import { Chromium } from '../rig/chromium.ts';
import { RIG_CACHE, scratchFolder } from '../rig/folders.ts';
import { noteOpen } from '../rig/open-work.ts';
import { PtyPort, type UsbIdentity } from '../rig/pty-port.ts';
import { waitUntil } from '../rig/wait-until.ts';
import {
  fromBase64,
  toBase64,
  type ChannelAnswer,
  type ChannelRequest,
} from './byte-channel-page/messages.ts';

export const USB: UsbIdentity = {
  vendorId: 0x0403,
  productId: 0x6001,
  name: 'Test adapter',
  serialNumber: 'T1',
};
const FIND_WITHIN_MS = 10_000;
const SITE = join(RIG_CACHE, 'byte-channel-page');
const TYPES: Record<string, string> = { '.html': 'text/html', '.js': 'text/javascript' };

async function buildPage(): Promise<void> {
  await build({
    configFile: false,
    root: join(import.meta.dirname, 'byte-channel-page'),
    logLevel: 'error',
    worker: { format: 'es' },
    build: { outDir: SITE, emptyOutDir: true, target: 'chrome140' },
  });
}

function serve(port: number): Promise<Server> {
  const server = createServer((request, response) => {
    const path = request.url === '/' ? '/index.html' : (request.url ?? '');
    try {
      const body = readFileSync(join(SITE, path));
      response.writeHead(200, {
        'Content-Type': TYPES[extname(path)] ?? 'application/octet-stream',
        'Cross-Origin-Opener-Policy': 'same-origin',
        'Cross-Origin-Embedder-Policy': 'require-corp',
      });
      response.end(body);
    } catch {
      response.writeHead(404).end();
    }
  });
  return new Promise((resolve, reject) => {
    server.once('error', reject).listen(port, 'localhost', () => resolve(server));
  });
}

/** The channel under test lives in a dedicated worker of a real browser; this is its end here. */
export class RemoteChannel implements ByteChannel {
  private readonly page: Page;
  private readonly channel: number;

  constructor(page: Page, channel: number) {
    this.page = page;
    this.channel = channel;
  }

  async open(line: ChannelLine): Promise<Result<void, ChannelError>> {
    return unwrap(await ask(this.page, { operation: 'open', channel: this.channel, line }), () => undefined);
  }

  async read(): Promise<Result<Chunk, ChannelError>> {
    const answer = await ask(this.page, { operation: 'read', channel: this.channel });
    return unwrap(answer, ({ number, base64 }) => ({ tHostMs: number, bytes: fromBase64(base64) }));
  }

  async write(bytes: Uint8Array): Promise<Result<HostMs, ChannelError>> {
    const answer = await ask(this.page, {
      operation: 'write',
      channel: this.channel,
      base64: toBase64(bytes),
    });
    return unwrap(answer, ({ number }) => number);
  }

  async setSignals(signals: Parameters<ByteChannel['setSignals']>[0]): Promise<Result<void, ChannelError>> {
    return unwrap(
      await ask(this.page, { operation: 'signals', channel: this.channel, signals }),
      () => undefined,
    );
  }

  async close(): Promise<void> {
    await ask(this.page, { operation: 'close', channel: this.channel });
  }
}

type Ask = { readonly ask: (request: ChannelRequest) => Promise<ChannelAnswer> };

function ask(page: Page, request: ChannelRequest): Promise<ChannelAnswer> {
  return page.evaluate((wanted) => (globalThis as unknown as Ask).ask(wanted), request);
}

function unwrap<T>(
  answer: ChannelAnswer,
  value: (answer: ChannelAnswer & { ok: true }) => T,
): Result<T, ChannelError> {
  return answer.ok ? { ok: true, value: value(answer) } : { ok: false, error: answer.error as ChannelError };
}

/** One pty as a USB serial port, one browser, channels to it in a dedicated worker. */
export class SerialBench {
  readonly chromium: Chromium;
  private readonly page: Page;
  private readonly server: Server;
  private readonly folder: string;
  private readonly closed: () => void;
  port: PtyPort;

  private constructor(chromium: Chromium, page: Page, server: Server, folder: string, port: PtyPort) {
    this.chromium = chromium;
    this.page = page;
    this.server = server;
    this.folder = folder;
    this.port = port;
    this.closed = noteOpen('a serial bench', () => this.end());
  }

  static async start(): Promise<SerialBench> {
    await buildPage();
    const folder = scratchFolder('serial');
    mkdirSync(join(folder, 'devices'));
    const port = new PtyPort(join(folder, 'devices'));
    port.plug('adapter', USB);
    const server = await serve(PORT + 2);
    const origin = `http://localhost:${PORT + 2}`;
    const chromium = await Chromium.launch({ origin, devicesFolder: join(folder, 'devices'), grants: [USB] });
    const page = await chromium.page();
    await page.goto(origin);
    await page.waitForFunction(() => 'ask' in globalThis);
    return new SerialBench(chromium, page, server, folder, port);
  }

  /** A closed channel to the port, as soon as it is there. */
  async find(withinMs = FIND_WITHIN_MS): Promise<RemoteChannel> {
    const { vendorId, productId } = USB;
    const answer = await ask(this.page, {
      operation: 'find',
      usbVendorId: vendorId,
      usbProductId: productId,
      withinMs,
    });
    if (!answer.ok) throw new Error(answer.error.detail);
    return new RemoteChannel(this.page, answer.number);
  }

  /** Resolves when the browser has noticed. */
  async unplug(): Promise<void> {
    this.port.unplug();
    await this.portsSeen(0);
  }

  /** A replugged device is a new tty. */
  async plug(): Promise<void> {
    this.port = new PtyPort(join(this.folder, 'devices'));
    this.port.plug('adapter', USB);
    await this.portsSeen(1);
  }

  private async portsSeen(count: number): Promise<void> {
    await waitUntil(`${count} ports in the browser`, 5000, () =>
      this.page.evaluate(
        async (wanted) =>
          (await navigator.serial.getPorts()).filter((port) => port.connected).length === wanted,
        count,
      ),
    );
  }

  async end(): Promise<void> {
    await this.chromium.close();
    this.port.unplug();
    this.server.close();
    this.chromium.removeProfile();
    rmSync(this.folder, { recursive: true, force: true });
    this.closed();
  }
}

import { mkdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { PORT } from '../../src/cli/places.mjs';
import { criticalScripts } from '../../src/cli/size-budget.mjs';
import { startAppServer } from '../rig/app-server.ts';
import { buildApp } from '../rig/app-build.ts';
import { Chromium } from '../rig/chromium.ts';
import { scratchFolder } from '../rig/folders.ts';
import { waitUntil } from '../rig/wait-until.ts';
import { median, type BenchRow } from './table.ts';

const ROUNDS = 5;

/** Server gone, browser newly started: navigation → first screen with a conductor behind it. */
async function coldOfflineStarts(): Promise<number[]> {
  const server = await startAppServer(PORT + 1);
  const folder = scratchFolder('start');
  mkdirSync(join(folder, 'devices'));
  const options = { origin: server.origin, devicesFolder: join(folder, 'devices'), grants: [] };
  let browser = await Chromium.launch(options);
  try {
    const page = await browser.page();
    await page.goto(server.origin);
    await waitUntil('the service worker', 30_000, () =>
      page.evaluate(() => navigator.serviceWorker.controller !== null),
    );
    await page.waitForTimeout(2000);
    await server.stop();
    const times: number[] = [];
    for (let round = 0; round < ROUNDS; round++) {
      await browser.close();
      browser = await Chromium.launch({ ...options, profile: browser.profile });
      const cold = await browser.page();
      const startMs = performance.now();
      await cold.goto(server.origin, { waitUntil: 'commit' });
      await cold.locator('[data-testid="try-simulated"]').first().waitFor({ state: 'visible' });
      await cold.waitForFunction(async () => {
        const kiosk = (globalThis as unknown as { benchseal?: { snapshot(): Promise<unknown> } }).benchseal;
        return kiosk !== undefined && (await kiosk.snapshot()) !== null;
      });
      times.push(performance.now() - startMs);
    }
    return times;
  } finally {
    await browser.close();
    browser.removeProfile();
    await server.stop();
    rmSync(folder, { recursive: true, force: true });
  }
}

export async function benchStart(): Promise<BenchRow[]> {
  buildApp();
  const bytes = criticalScripts().reduce((sum, script) => sum + script.bytes, 0);
  return [
    {
      what: 'cold offline start to usable',
      value: median(await coldOfflineStarts()),
      unit: 'ms',
      target: { kind: 'at most', value: 1500 },
    },
    {
      what: 'JavaScript on the critical path, gzip',
      value: bytes / 1000,
      unit: 'KB',
      target: { kind: 'at most', value: 150 },
    },
  ];
}

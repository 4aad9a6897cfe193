import { expect, it } from 'vitest';
import { waitUntil } from '../rig/wait-until.ts';
import { withWorkbench } from '../rig/workbench.ts';

interface WebManifest {
  readonly name?: string;
  readonly start_url?: string;
  readonly display?: string;
  readonly icons?: readonly { readonly src: string; readonly sizes: string }[];
}

it('can be installed: manifest and icons are there, the service worker controls the page', () =>
  withWorkbench({}, async ({ kiosk, chromium }) => {
    const { page, origin } = kiosk;
    const session = await chromium.context.newCDPSession(page);
    const { errors, data } = await session.send('Page.getAppManifest');
    expect(errors).toEqual([]);
    const manifest = JSON.parse(data ?? '{}') as WebManifest;
    expect(manifest.name).toBe('Benchseal');
    expect(manifest.display).toBe('standalone');
    expect(manifest.start_url).toBeDefined();
    const sizes = (manifest.icons ?? []).map((icon) => icon.sizes);
    expect(sizes.some((size) => /192x192|any/.test(size))).toBe(true);
    expect(sizes.some((size) => /512x512|any/.test(size))).toBe(true);
    for (const icon of manifest.icons ?? []) {
      const answer = await fetch(new URL(icon.src, origin));
      expect(answer.ok, icon.src).toBe(true);
    }
    await waitUntil('the service worker to control the page', 30_000, () =>
      page.evaluate(() => navigator.serviceWorker.controller !== null),
    );
    const { installabilityErrors } = await session.send('Page.getInstallabilityErrors');
    expect(installabilityErrors.filter((error) => error.errorId !== 'in-incognito')).toEqual([]);
    expect(await page.evaluate(() => crossOriginIsolated)).toBe(true);
    // One URL for the conductor of every build: after an update the page must reach the one that runs.
    const conductor = await page.evaluate(async () => (await fetch('/assets/conductor.js')).status);
    expect(conductor).toBe(200);
  }));

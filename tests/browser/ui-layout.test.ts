import { chromium, type Browser, type Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Scene } from './ui-fixture/fake-kiosk.ts';
import { serveScreens } from './ui-fixture/serve.ts';

const TABLET = { width: 1280, height: 800 };
const UPRIGHT = { width: 800, height: 1280 };

let server: Awaited<ReturnType<typeof serveScreens>>;
let browser: Browser;

beforeAll(async () => {
  server = await serveScreens(0);
  browser = await chromium.launch({
    executablePath: '/usr/bin/chromium',
    args: ['--no-sandbox', '--disable-quic', '--disable-background-networking', '--disable-component-update'],
  });
});
afterAll(async () => {
  await browser?.close();
  await server?.close();
});

async function open(scene: Scene, viewport: { width: number; height: number }): Promise<Page> {
  const page = await browser.newPage({ viewport });
  await page.goto(`${server.url}?scene=${scene}&rig=wide`);
  return page;
}

describe('with seven channels everything is whole', () => {
  /** What is taller than its box, and numbers or controls that stand partly outside of theirs. */
  const cut = (page: Page) =>
    page.evaluate(() => {
      const found = [];
      for (const box of document.querySelectorAll('.fields, .panels, .now, .tile')) {
        if (box.scrollHeight > box.clientHeight + 1)
          found.push(`${box.className} ${box.scrollHeight} > ${box.clientHeight}`);
        const outer = box.getBoundingClientRect();
        for (const inner of box.querySelectorAll('input, button, .value, .canvas')) {
          const { top, bottom } = inner.getBoundingClientRect();
          if (top < outer.top - 1 || bottom > outer.bottom + 1) found.push(inner.outerHTML.slice(0, 80));
        }
      }
      return found;
    });
  for (const viewport of [TABLET, UPRIGHT])
    it.each<Scene>(['idle', 'sealed', 'young', 'young-sealed', 'failed', 'running', 'late'])(
      `%s at ${viewport.width}`,
      async (scene) => {
        const page = await open(scene, viewport);
        await page.getByTestId('plot').nth(4).waitFor();
        expect(await page.getByTestId('channel-tile').count()).toBe(7);
        expect(await cut(page)).toEqual([]);
        await page.close();
      },
    );

  it('with the cursor, upright', async () => {
    const page = await open('running', UPRIGHT);
    await page.getByRole('button', { name: 'Cursor' }).click();
    await page.getByTestId('plot').nth(4).waitFor();
    expect(await cut(page)).toEqual([]);
    await page.close();
  });

  it('and the times stay in sight when the plots do not all fit', async () => {
    const page = await open('running', { width: 1024, height: 560 });
    const last = page.getByTestId('plot').nth(4);
    await last.waitFor();
    const box = await last.boundingBox();
    const panels = await page.locator('.panels').boundingBox();
    if (!box || !panels) throw new Error('no plots');
    expect(box.y + box.height).toBeLessThanOrEqual(panels.y + panels.height + 1);
    await page.close();
  });
});

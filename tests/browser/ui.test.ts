import { createRequire } from 'node:module';
import type axeCore from 'axe-core';
import { chromium, type Browser, type Page } from 'playwright-core';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import type { Scene } from './ui-fixture/fake-kiosk.ts';
import { serveScreens } from './ui-fixture/serve.ts';

const AXE = createRequire(import.meta.url).resolve('axe-core/axe.min.js');
const TABLET = { width: 1280, height: 800 };
const UPRIGHT = { width: 800, height: 1280 };
type Screen = 'run' | 'setup' | 'bundles';
type Theme = 'light' | 'dark';

let server: Awaited<ReturnType<typeof serveScreens>>;
let browser: Browser;
const complaints: string[] = [];

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
afterEach(() => {
  // Covers refused styles and scripts too: a CSP violation is a console error.
  expect(complaints.splice(0)).toEqual([]);
});

async function open(scene: Scene, screen: Screen = 'run', theme: Theme = 'light', viewport = TABLET) {
  const page = await browser.newPage({ viewport, colorScheme: theme });
  page.on('pageerror', (error) => complaints.push(String(error)));
  page.on('console', (message) => {
    if (message.type() === 'error') complaints.push(message.text());
  });
  await page.addInitScript({ path: AXE });
  await page.addInitScript(() =>
    addEventListener('securitypolicyviolation', (event) =>
      console.error(`CSP ${event.violatedDirective} ${event.sourceFile}:${event.lineNumber}`),
    ),
  );
  await page.goto(`${server.url}?scene=${scene}`);
  if (scene !== 'loading') await page.getByTestId('run-state').waitFor();
  if (screen !== 'run') await page.getByTestId(`nav-${screen}`).click();
  return page;
}

async function violations(page: Page): Promise<string[]> {
  const found = await page.evaluate(async () => {
    const axe = (globalThis as unknown as { axe: typeof axeCore }).axe;
    const result = await axe.run(document, { resultTypes: ['violations'] });
    return result.violations.map((v) => `${v.id}: ${v.nodes.map((n) => n.html).join(' | ')}`);
  });
  return found;
}

const asked = (page: Page) =>
  page.evaluate(() => (globalThis as unknown as { fake: { asked: string[] } }).fake.asked);

describe('axe finds nothing', () => {
  const cases: [Scene, Screen][] = [
    ['welcome', 'run'],
    ['loading', 'run'],
    ['idle', 'run'],
    ['young', 'run'],
    ['running', 'run'],
    ['late', 'run'],
    ['observer', 'run'],
    ['sealed', 'run'],
    ['failed', 'run'],
    ['late', 'setup'],
    ['idle', 'bundles'],
  ];
  for (const theme of ['light', 'dark'] as const)
    it.each(cases)(`%s on %s, ${theme}`, async (scene, screen) => {
      const page = await open(scene, screen, theme);
      expect(await violations(page)).toEqual([]);
      await page.close();
    });

  it('upright, with the cursor, the manual tab and a refused rig', async () => {
    const page = await open('running', 'run', 'dark', UPRIGHT);
    await page.getByRole('button', { name: 'Cursor' }).click();
    await page.getByRole('tab', { name: 'Manual' }).click();
    expect(await violations(page)).toEqual([]);
    await page.close();
    const setup = await open('idle', 'setup');
    await setup.getByTestId('rig-load').setInputFiles({
      name: 'x.toml',
      mimeType: 'text/plain',
      buffer: Buffer.from('a = 1'),
    });
    await expectText(setup, 'rig-problems', 'devices[0].params.rate_hertz');
    expect(await violations(setup)).toEqual([]);
    await setup.close();
  });
});

async function expectText(page: Page, testId: string, part: string): Promise<void> {
  await page.getByTestId(testId).filter({ hasText: part }).first().waitFor({ timeout: 10_000 });
}

describe('touch targets', () => {
  /** Everything a finger may want, smaller than 48 px either way; a checkbox counts with its label. */
  const small = (page: Page) =>
    page.evaluate(() =>
      [...document.querySelectorAll('button, a, input, summary, [role=tab]')]
        .map((element) =>
          element.matches('[type=checkbox]') ? (element.closest('label') ?? element) : element,
        )
        .map((element) => ({ html: element.outerHTML.slice(0, 120), box: element.getBoundingClientRect() }))
        .filter(({ box }) => box.width > 0 && (box.width < 48 || box.height < 48))
        .map(({ html, box }) => `${box.width}×${box.height} ${html}`),
    );

  for (const viewport of [TABLET, UPRIGHT])
    it.each<[Scene, Screen]>([
      ['welcome', 'run'],
      ['young', 'run'],
      ['running', 'run'],
      ['idle', 'setup'],
      ['idle', 'bundles'],
    ])(`are 48 px on %s %s at ${viewport.width}`, async (scene, screen) => {
      const page = await open(scene, screen, 'light', viewport);
      expect(await small(page)).toEqual([]);
      if (scene === 'running') {
        await page.getByRole('tab', { name: 'Manual' }).click();
        await page.getByRole('button', { name: 'Cursor' }).click();
        expect(await small(page)).toEqual([]);
      }
      // Nothing scrolls sideways but the status bar.
      expect(await page.evaluate(() => document.documentElement.scrollWidth <= innerWidth)).toBe(true);
      await page.close();
    });

  it('run controls are 60 px, and Stop stays in its corner on every screen', async () => {
    const page = await open('idle');
    expect((await page.getByTestId('start').boundingBox())?.height).toBeGreaterThanOrEqual(60);
    await page.close();
    const running = await open('running');
    const corners = [];
    for (const screen of ['run', 'setup', 'bundles'] as const) {
      await running.getByTestId(`nav-${screen}`).click();
      corners.push(await running.getByTestId('stop').boundingBox());
    }
    expect(corners[0]?.height).toBeGreaterThanOrEqual(60);
    await running.setViewportSize({ width: 360, height: 740 });
    const phone = await running.getByTestId('stop').boundingBox();
    expect((phone?.x ?? 0) + (phone?.width ?? 999)).toBeLessThanOrEqual(360);
    expect(corners[1]).toEqual(corners[0]);
    expect(corners[2]).toEqual(corners[0]);
    await running.close();
  });
});

describe('keyboard', () => {
  const focused = (page: Page) =>
    page.evaluate(() => (document.activeElement as HTMLElement | null)?.dataset['testid'] ?? null);

  async function tabTo(page: Page, testId: string, key: 'Tab' | 'Shift+Tab' = 'Tab'): Promise<void> {
    for (let i = 0; i < 60; i++) {
      if ((await focused(page)) === testId) return;
      await page.keyboard.press(key);
    }
    throw new Error(`no way to ${testId} by ${key}`);
  }

  it('starts, notes and stops without a pointer', async () => {
    const page = await open('idle');
    await tabTo(page, 'sample-id');
    await page.keyboard.type('PMMA-020');
    await tabTo(page, 'operator-id');
    await page.keyboard.type('k.meyer');
    await tabTo(page, 'duration');
    await page.keyboard.type('30');
    await tabTo(page, 'start');
    await page.keyboard.press('Enter');
    await expectText(page, 'run-state', 'RUNNING');
    expect(await focused(page)).toBe('stop');
    await tabTo(page, 'note-input');
    await page.keyboard.type('smoke at the lid');
    await page.keyboard.press('Enter');
    await expectText(page, 'event-row', 'smoke at the lid');
    await tabTo(page, 'stop', 'Shift+Tab');
    await page.keyboard.press('Enter');
    await expectText(page, 'stop', 'Stopping…');
    expect(await focused(page)).toBe('stop');
    await expectText(page, 'run-state', 'SEALED');
    await page.waitForFunction(() => document.activeElement?.matches('[data-testid=last-run]'));
    expect(await page.getByTestId('sample-id').inputValue()).toBe('');
    expect(await page.getByTestId('operator-id').inputValue()).toBe('k.meyer');
    expect(await asked(page)).toEqual([
      'start PMMA-020 k.meyer 30 false',
      'note smoke at the lid',
      'stop operator_stop',
    ]);
    await page.close();
  });
});

describe('what the screens say', () => {
  it('offers the simulated rig first, and runs it', async () => {
    const page = await open('welcome');
    await page.getByTestId('connect-instrument').waitFor();
    await page.getByTestId('try-simulated').click();
    await page.getByTestId('channel-tile').first().waitFor();
    expect(await page.getByTestId('channel-tile').count()).toBe(4);
    await page.getByTestId('plot').nth(2).waitFor();
    expect(await page.getByTestId('plot').count()).toBe(3);
    await page.close();
  });

  it('waits for storage to age with a real rig, unless someone says not to', async () => {
    const page = await open('young');
    const start = page.getByTestId('start');
    await page.getByText('Give a sample id first.').waitFor();
    await page.getByTestId('sample-id').fill('oak');
    await page.getByText('Give an operator id first.').waitFor();
    await page.getByTestId('operator-id').fill('k.meyer');
    await page.getByText('or tick the box above').waitFor();
    expect(await start.isDisabled()).toBe(true);
    await page.getByTestId('arm-now').check();
    await page.getByTestId('start').click();
    await expectText(page, 'run-state', 'RUNNING');
    expect(await asked(page)).toEqual(['start oak k.meyer null true']);
    await page.close();
  });

  it('an observer says so and cannot stop', async () => {
    const page = await open('observer');
    await page.getByTestId('observer-banner').waitFor();
    expect(await page.getByTestId('stop').isDisabled()).toBe(true);
    expect(await page.getByTestId('note-input').isDisabled()).toBe(true);
    await page.close();
  });

  it('a late and a bad value say so in their own tiles', async () => {
    const page = await open('late');
    const tile = (channel: string) => page.locator(`[data-testid=channel-tile][data-channel="${channel}"]`);
    expect(await tile('purge.flow').textContent()).toMatch(/late/);
    expect(await tile('balance.mass').textContent()).toMatch(/underrange/);
    expect(await tile('heater.pv').getAttribute('data-level')).toBe('ok');
    await page.close();
  });

  it('says verified of an export that was read back, and never of a download', async () => {
    const page = await open('idle', 'bundles');
    const row = page.getByTestId('bundle-row').first();
    await row.getByTestId('bundle-export').click();
    await row.getByTestId('bundle-job').filter({ hasText: '%' }).waitFor();
    await page.getByTestId('nav-run').click();
    await page.getByTestId('nav-bundles').click();
    await row.getByTestId('bundle-outcome').waitFor({ timeout: 10_000 });
    expect(await row.getByTestId('bundle-outcome').textContent()).toMatch(/Exported and verified/);
    expect(await row.getByTestId('bundle-receipt').textContent()).toMatch(/receipt of/);
    await row.getByTestId('bundle-download').click();
    await row.getByTestId('bundle-outcome').filter({ hasText: 'not verified' }).waitFor({ timeout: 10_000 });
    await row.getByTestId('bundle-export').click();
    await row.getByTestId('bundle-cancel').click();
    await row.getByTestId('bundle-outcome').filter({ hasText: 'Cancelled' }).waitFor();
    await page.close();
  });

  it('keeps a screenful of rows of 5,000, at the bottom until someone scrolls up', async () => {
    const page = await open('flood');
    await expectText(page, 'event-row', 'Line 5999');
    expect(await page.getByTestId('event-row').count()).toBeLessThan(150);
    await page.getByRole('region', { name: 'Events as recorded' }).evaluate((list) => (list.scrollTop = 0));
    await expectText(page, 'event-row', 'Line 1000');
    await page.getByTestId('note-input').fill('still here');
    await page.getByTestId('note-send').click();
    await page.getByRole('button', { name: '1 newer' }).click();
    await expectText(page, 'event-row', 'still here');
    await page.close();
  });

  it('asks before a command that may write permanent memory', async () => {
    const page = await open('running');
    await page.getByRole('tab', { name: 'Manual' }).click();
    const gas = page.locator('[data-testid=manual-command][data-kind=set_gas]');
    await gas.getByRole('textbox').fill('N2');
    await gas.getByRole('button', { name: 'Set gas' }).click();
    await page.getByRole('button', { name: 'No, leave it' }).click();
    expect(await asked(page)).toEqual([]);
    await gas.getByRole('button', { name: 'Set gas' }).click();
    await page.getByRole('button', { name: 'Yes, send' }).click();
    await gas.getByRole('status').waitFor();
    expect(await asked(page)).toEqual(['command set_gas']);
    await page.close();
  });

  it('never cuts a note, and opens a long one whole', async () => {
    const page = await open('running');
    const note = page.getByTestId('note-input');
    await note.fill('x'.repeat(4003));
    await page.getByText('3 characters too many').waitFor();
    expect(await page.getByTestId('note-send').isDisabled()).toBe(true);
    await note.press('Enter');
    expect(await asked(page)).toEqual([]);
    const long = 'grey smoke at the lid, '.repeat(170).trim();
    await note.fill(long);
    await note.press('Enter');
    await expectText(page, 'event-row', 'grey smoke');
    expect(await asked(page)).toEqual([`note ${long}`]);
    const row = page.getByTestId('event-row').filter({ hasText: 'grey smoke' }).getByRole('button');
    await row.press('Enter');
    await expectText(page, 'event-whole', long);
    expect(await row.getAttribute('aria-expanded')).toBe('true');
    expect(await violations(page)).toEqual([]);
    await row.press('Enter');
    expect(await page.getByTestId('event-whole').count()).toBe(0);
    await page.close();
  });

  it('says why a command cannot be sent, and begins with its defaults', async () => {
    const page = await open('idle');
    await page.getByRole('tab', { name: 'Manual' }).click();
    await page.getByText('Give an operator id in Start first').waitFor();
    await page.getByRole('tab', { name: 'Start' }).click();
    await page.getByTestId('operator-id').fill('k.meyer');
    await page.getByRole('tab', { name: 'Manual' }).click();
    const command = page.locator('[data-testid=manual-command][data-kind=set_setpoint]').first();
    expect(await command.getByLabel('Loop').inputValue()).toBe('1');
    await command.getByText('Setpoint: give a value.').waitFor();
    await command.getByRole('textbox', { name: 'Setpoint' }).fill('300');
    await command.getByRole('button').click();
    await command.getByRole('status').waitFor();
    await page.close();
  });

  it('an oversized rig file replaces the problems of the one before', async () => {
    const page = await open('idle', 'setup');
    const load = (name: string, buffer: Buffer) =>
      page.getByTestId('rig-load').setInputFiles({ name, mimeType: 'text/plain', buffer });
    await load('x.toml', Buffer.from('a = 1'));
    await expectText(page, 'rig-problems', 'rate_hertz');
    await load('huge.toml', Buffer.alloc(1_200_000, '#'));
    await expectText(page, 'rig-problems', 'too large to be a rig file');
    expect(await page.getByTestId('rig-problems').textContent()).not.toMatch(/rate_hertz/);
    await page.close();
  });

  it('says at once that it stops, and offers the next run while the last one is sealed', async () => {
    const page = await open('running');
    await page.evaluate(() => {
      const stop = document.querySelector('[data-testid=stop]');
      const said: string[] = [];
      Object.assign(globalThis, { said });
      const note = () => said.push(stop?.textContent.trim() ?? '');
      if (stop) new MutationObserver(note).observe(stop, { characterData: true, subtree: true });
    });
    await page.getByTestId('stop').click();
    await page.getByRole('tab', { name: 'Start' }).click();
    await page.getByText('Give a sample id first.').waitFor();
    await page.getByTestId('sample-id').fill('next');
    await page.getByTestId('operator-id').fill('k.meyer');
    expect(await page.getByTestId('run-state').textContent()).toContain('FINALIZING');
    expect(await page.getByTestId('start').isEnabled()).toBe(true);
    await expectText(page, 'run-state', 'SEALED');
    // Once it says so it does not take it back.
    expect(await page.evaluate(() => (globalThis as unknown as { said: string[] }).said)).toEqual([
      'Stopping…',
    ]);
    await page.close();
  });

  it('changes the theme and keeps it', async () => {
    const page = await open('idle', 'setup');
    const ground = () => page.evaluate(() => getComputedStyle(document.body).backgroundColor);
    const before = await ground();
    await page.getByTestId('theme-toggle').click();
    expect(await ground()).not.toBe(before);
    expect(
      await page.evaluate(() =>
        (globalThis as unknown as { fake: { setting(k: string): Promise<string> } }).fake.setting('theme'),
      ),
    ).toBe('dark');
    await page.close();
  });
});

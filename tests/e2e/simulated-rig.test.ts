import { join } from 'node:path';
import { expect, it } from 'vitest';
import { axeViolations } from '../rig/accessibility.ts';
import { unzipBundle } from '../rig/readers/bundle-folder.ts';
import { failedBySha256sum } from '../rig/readers/sha256sum.ts';
import { RunJournal } from '../rig/run-journal.ts';
import { waitUntil } from '../rig/wait-until.ts';
import { withWorkbench } from '../rig/workbench.ts';

it('by hand: try the simulated rig, start, watch, note, stop, verify, download', () =>
  withWorkbench({}, async (bench) => {
    const { kiosk } = bench;
    const { page } = kiosk;
    await kiosk.testId('try-simulated').click();
    await waitUntil('simulated devices', 20_000, async () => {
      const { devices } = await kiosk.state();
      return devices.length > 1 && devices.every((device) => device.phase === 'polling');
    });
    await kiosk.slotsReady();
    await kiosk.testId('nav-run').click();
    expect(await kiosk.testId('run-state').innerText()).toMatch(/idle/i);
    await kiosk.testId('sample-id').fill('oak board 3');
    await kiosk.testId('operator-id').fill('gb');
    await kiosk.testId('start').click();
    await kiosk.phase('running');
    await waitUntil('RUNNING on the screen', 5000, async () =>
      /running/i.test(await kiosk.testId('run-state').innerText()),
    );
    await waitUntil('numbers in every channel tile', 10_000, async () => {
      const tiles = await kiosk.testId('channel-tile').allInnerTexts();
      return tiles.length > 2 && tiles.every((text) => /\d/.test(text));
    });
    expect(await kiosk.testId('plot').count()).toBeGreaterThan(0);
    await kiosk.testId('note-input').fill('smoke at the left edge');
    await kiosk.testId('note-send').click();
    await kiosk.testId('event-row', { 'data-kind': 'operator.note' }).first().waitFor({ timeout: 10_000 });
    expect(await axeViolations(page), 'accessibility while running').toEqual([]);
    const first = await kiosk.testId('elapsed').innerText();
    await waitUntil(
      'elapsed time to pass',
      5000,
      async () => (await kiosk.testId('elapsed').innerText()) !== first,
    );
    await kiosk.testId('stop').click();
    const rootDigest = await kiosk.sealed();

    await kiosk.testId('nav-bundles').click();
    const row = kiosk.testId('bundle-row').first();
    await row.waitFor({ timeout: 10_000 });
    expect(await row.getAttribute('data-bundle-status')).toBe('sealed');
    const runId = (await row.getAttribute('data-run-id')) ?? '';
    expect(runId).toMatch(/^\d{4}-\d\d-\d\d_\d{6}_oak-board-3$/);
    await kiosk.testId('bundle-verify').first().click();
    await waitUntil('verified on the screen', 20_000, async () =>
      /every file matches/i.test(await row.innerText()),
    );
    expect(await axeViolations(page), 'accessibility of Bundles').toEqual([]);
    const coming = page.waitForEvent('download');
    await kiosk.testId('bundle-download').first().click();
    const zip = join(bench.folder, 'by-hand.zip');
    await (await coming).saveAs(zip);
    const bundle = await unzipBundle(zip, join(bench.folder, 'by-hand'));
    expect(failedBySha256sum(bundle.path)).toEqual([]);
    expect(rootDigest).toMatch(/^[0-9a-f]{64}$/);
    expect(bundle.manifest()).toMatchObject({ run_status: 'aborted', exit_reason: 'operator_stop' });
    expect(bundle.manifest()).toMatchObject({ arming: { waiver: 'simulated' } });
    const journal = await RunJournal.read(bundle);
    expect(journal.eventsOf('operator.note').map((event) => event['message'])).toEqual([
      'smoke at the left edge',
    ]);
    expect(journal.laneFaults()).toEqual([]);

    await kiosk.testId('nav-setup').click();
    await kiosk.testId('theme-toggle').first().click();
    expect(await axeViolations(page), 'accessibility of Set-up in the other theme').toEqual([]);
  }));

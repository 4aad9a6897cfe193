import { setTimeout as sleep } from 'node:timers/promises';
import { expect, it } from 'vitest';
import type { Kiosk } from '../../src/ui/kiosk.ts';
import { failedBySha256sum } from '../rig/readers/sha256sum.ts';
import { withWorkbench } from '../rig/workbench.ts';

it('a page that reloads after the seal committed and before it said so leaves a sealed run, not a failed one', () =>
  withWorkbench({}, async (bench) => {
    const { kiosk } = bench;
    await kiosk.testId('try-simulated').click();
    const runId = await kiosk.start();
    await sleep(3000);
    // What is verified for the second time lies committed in the slots; nobody has been told yet.
    await kiosk.page.evaluate(() => {
      const { benchseal } = globalThis as unknown as { readonly benchseal: Kiosk };
      let bytesDone = Infinity;
      let verifications = 0;
      benchseal.onSealProgress((_runId, progress) => {
        if (progress?.phase !== 'verify') return;
        if (progress.bytesDone <= bytesDone) verifications += 1;
        bytesDone = progress.bytesDone;
        if (verifications === 2) location.reload();
      });
    });
    const reloaded = kiosk.page.waitForEvent('load');
    await kiosk.stop().catch(() => undefined);
    await reloaded;
    await kiosk.ready();
    const rootDigest = await kiosk.sealed();
    const rows = await kiosk.bundles();
    expect(rows).toMatchObject([{ run_id: runId, root_digest: rootDigest, integrity_status: 'ok' }]);
    const bundle = await bench.carryAway(runId);
    expect(failedBySha256sum(bundle.path)).toEqual([]);
  }));

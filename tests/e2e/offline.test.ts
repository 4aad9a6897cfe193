import { setTimeout as sleep } from 'node:timers/promises';
import { expect, it } from 'vitest';
import { PORT } from '../../src/cli/places.mjs';
import { startAppServer } from '../rig/app-server.ts';
import { FLOW, rigToml } from '../rig/bench-rigs.ts';
import { noteOpen } from '../rig/open-work.ts';
import { failedBySha256sum } from '../rig/readers/sha256sum.ts';
import { waitUntil } from '../rig/wait-until.ts';
import { withWorkbench } from '../rig/workbench.ts';

it('with its server gone the app reloads and records', async () => {
  const server = await startAppServer(PORT + 1);
  const stopped = noteOpen('a second app server', () => server.stop());
  // The browser itself reports each request that found no server: the check for a newer service worker.
  const expectedComplaints = [/ERR_CONNECTION_REFUSED/, /fetching the script/];
  await withWorkbench({ instruments: [FLOW], origin: server.origin, expectedComplaints }, async (bench) => {
    const { kiosk } = bench;
    await waitUntil('the service worker to control the page', 30_000, () =>
      kiosk.page.evaluate(async () => {
        await navigator.serviceWorker.ready;
        return navigator.serviceWorker.controller !== null;
      }),
    );
    await server.stop();
    stopped();
    await kiosk.reload();
    await kiosk.loadRig(rigToml({ instruments: [FLOW] }));
    await kiosk.devicesPoll(['flow']);
    const runId = await kiosk.start();
    await sleep(3000);
    await kiosk.stop();
    await kiosk.sealed();
    const bundle = await bench.carryAway(runId);
    expect(failedBySha256sum(bundle.path)).toEqual([]);
    expect(bundle.manifest().bundle_status).toBe('sealed');
  });
});

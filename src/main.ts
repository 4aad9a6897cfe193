/** Wiring of the page; the only place that names worker URLs. */
import { mount } from 'svelte';
import type { BundleSummary } from './bundle/types.ts';
import { exportBundle } from './export/export-bundle.ts';
import { DECLARATIONS } from './instruments/declarations.ts';
import { Bench } from './kiosk/bench.ts';
import { BundleDesk } from './kiosk/bundle-desk.ts';
import { Catalog } from './kiosk/catalog.ts';
import { publish } from './kiosk/global.ts';
import { PageKiosk } from './kiosk/page-kiosk.ts';
import { RigDesk } from './kiosk/rig-desk.ts';
import { persistAtFirstGesture, readCapabilities } from './platform/capabilities.ts';
import { readEnvironment } from './platform/environment.ts';
import { LeaveWarning } from './platform/leave-warning.ts';
import { InstallOffer } from './platform/install.ts';
import { installTrustedTypes } from './platform/trusted-types.ts';
import { UpdateOffer } from './platform/update.ts';
import { WakeLockKeeper } from './platform/wake-lock.ts';
import { Workspace } from './platform/workspace.ts';
import App from './ui/app.svelte';
import { LOCK } from './wire/messages.ts';

// Each worker is written out in one expression: the build finds them by this very form.
function openShared(): MessagePort {
  const shared = new SharedWorker(new URL('../workers/conductor.ts', import.meta.url), {
    type: 'module',
    name: 'benchseal-conductor',
    extendedLifetime: true,
  } as WorkerOptions);
  return shared.port;
}
const openDedicated = () =>
  new Worker(new URL('../workers/conductor.ts', import.meta.url), { type: 'module', name: 'conductor' });
const startRecorder = () =>
  new Worker(new URL('../workers/recorder.ts', import.meta.url), { type: 'module', name: 'recorder' });
const startInstrument = () =>
  new Worker(new URL('../workers/instrument.ts', import.meta.url), { type: 'module', name: 'instrument' });
const startBundleWorker = () =>
  new Worker(new URL('../workers/bundle.ts', import.meta.url), { type: 'module', name: 'bundle' });

/** Without isolation clocks tick at 100 µs and the conductor dies with a crashed page (`design.md` §8). */
function assertIsolated(): void {
  if (!crossOriginIsolated)
    throw new Error('This page was served without COOP/COEP. Start it with npm start.');
}

async function fetchText(url: string): Promise<string> {
  const answer = await fetch(url);
  if (!answer.ok) throw new Error(`${url}: ${answer.status}`);
  return answer.text();
}

function wireBundles(workspace: Workspace<BundleSummary>) {
  const bundles = new BundleDesk(startBundleWorker, __BUILD__.hash);
  return { bundles, catalog: new Catalog(bundles, workspace) };
}

function wireBench(catalog: Catalog): Bench {
  const bench: Bench = new Bench({
    locks: navigator.locks,
    pageId: crypto.randomUUID(),
    buildHash: __BUILD__.hash,
    environment: readEnvironment(__BUILD__, navigator),
    openShared: 'SharedWorker' in globalThis ? openShared : null,
    openDedicated,
    startRecorder,
    startInstrument,
    pageHost: {
      // Answers at once: a seal takes as long as it takes.
      sealWanted: (runId) => {
        catalog
          .seal(runId)
          .then((result) => bench.control.sealFinished(result))
          .catch(reportError);
        return Promise.resolve();
      },
    },
    // The worker is started again by itself; the console keeps why.
    onProblem: ({ member, code, detail }) => reportError(new Error(`${member}: ${code}: ${detail}`)),
  });
  return bench;
}

function wireRigs(bench: Bench, workspace: Workspace<BundleSummary>): RigDesk {
  const rigs = new RigDesk({
    declarations: DECLARATIONS,
    current: () => bench.rig,
    set: (rig) => bench.control.setRig(rig),
    memory: {
      load: () => workspace.setting('lastRig'),
      save: (toml) => workspace.setSetting('lastRig', toml),
    },
    fetchText,
  });
  return rigs;
}

/** What follows the run: the screen stays on, updates wait, the rig is remembered. */
function followRun(bench: Bench, rigs: RigDesk, updates: UpdateOffer): void {
  const wakeLock = new WakeLockKeeper(document, navigator.wakeLock);
  const leaving = new LeaveWarning(window, navigator.locks, (name) => name.startsWith(LOCK.page('')));
  bench.onRunOpen((runOpen) => {
    leaving.want(runOpen);
    wakeLock.want(runOpen && bench.owner);
    updates.setRunOpen(runOpen);
  });
  bench.onOwner(async () => {
    await rigs.restore();
    bench.onRig((rig) => void rigs.remember(rig));
  });
}

/** A page that goes into the back/forward cache would keep ports, files and locks: it ends, and comes back anew. */
function endWithPage(bench: Bench, bundles: BundleDesk): void {
  addEventListener('pagehide', () => {
    bench.end();
    bundles.terminate();
  });
  addEventListener('pageshow', (event) => {
    if (event.persisted) location.reload();
  });
}

async function main(): Promise<void> {
  installTrustedTypes(globalThis);
  assertIsolated();
  persistAtFirstGesture(window);
  const workspace = new Workspace<BundleSummary>();
  const updates = new UpdateOffer(navigator.serviceWorker, () => location.reload());
  const installs = new InstallOffer(window);
  const { bundles, catalog } = wireBundles(workspace);
  const bench = wireBench(catalog);
  const rigs = wireRigs(bench, workspace);
  endWithPage(bench, bundles);
  followRun(bench, rigs, updates);
  const kiosk = new PageKiosk({
    build: { version: __BUILD__.version, hash: __BUILD__.hash },
    capabilities: await readCapabilities(window),
    bench,
    rigs,
    bundles,
    catalog,
    workspace,
    updates,
    installs,
    serial: 'serial' in navigator ? navigator.serial : undefined,
    exportBundle,
  });
  mount(App, { target: document.body.querySelector('#app') ?? document.body, props: { kiosk } });
  publish(kiosk);
  // The development server has no service worker.
  if (import.meta.url.includes('/assets/')) updates.register('/service-worker.js').catch(reportError);
  await bench.start();
}

main().catch((cause: unknown) => {
  document.body.textContent = cause instanceof Error ? cause.message : String(cause);
  throw cause;
});

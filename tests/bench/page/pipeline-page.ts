/** The app's page without a screen: its own conductor, recorder and bundle workers, bench instruments instead of ports. */
import type { BundleSummary } from '../../../src/bundle/types.ts';
import { Bench } from '../../../src/kiosk/bench.ts';
import { BundleDesk } from '../../../src/kiosk/bundle-desk.ts';
import { Catalog } from '../../../src/kiosk/catalog.ts';
import { readEnvironment } from '../../../src/platform/environment.ts';
import { Workspace } from '../../../src/platform/workspace.ts';
import type { Rig } from '../../../src/rig/rig.ts';
import type { LoadStats } from './load-stats.ts';
import type { Load } from './load.ts';

function openShared(): MessagePort {
  const shared = new SharedWorker(new URL('../../../workers/conductor.ts', import.meta.url), {
    type: 'module',
    name: 'benchseal-conductor',
    extendedLifetime: true,
  } as WorkerOptions);
  return shared.port;
}
const openDedicated = () =>
  new Worker(new URL('../../../workers/conductor.ts', import.meta.url), {
    type: 'module',
    name: 'conductor',
  });
const startRecorder = () =>
  new Worker(new URL('../../../workers/recorder.ts', import.meta.url), { type: 'module', name: 'recorder' });
const startBundleWorker = () =>
  new Worker(new URL('../../../workers/bundle.ts', import.meta.url), { type: 'module', name: 'bundle' });
/** Null = real ports, tapped. */
let load: Load | null = null;
const startTap = () =>
  new Worker(new URL('./tap-instrument.ts', import.meta.url), { type: 'module', name: 'tap' });
const startLoad = () =>
  new Worker(new URL('./load-instrument.ts', import.meta.url), {
    type: 'module',
    name: JSON.stringify(load),
  });
const startInstrument = () => (load === null ? startTap() : startLoad());

const workspace = new Workspace<BundleSummary>();
const catalog = new Catalog(new BundleDesk(startBundleWorker, __BUILD__.hash), workspace);
const bench: Bench = new Bench({
  locks: navigator.locks,
  pageId: crypto.randomUUID(),
  buildHash: __BUILD__.hash,
  environment: readEnvironment(__BUILD__, navigator),
  openShared,
  openDedicated,
  startRecorder,
  startInstrument,
  pageHost: {
    sealWanted: (runId) => {
      catalog
        .seal(runId)
        .then((result) => bench.control.sealFinished(result))
        .catch(reportError);
      return Promise.resolve();
    },
  },
  onProblem: ({ member, code, detail }) => reportError(new Error(`${member}: ${code}: ${detail}`)),
});

const channel = new BroadcastChannel('load-stats');

/** Asks every source; `count` answers. */
function loadStats(count: number): Promise<LoadStats[]> {
  return new Promise((resolve) => {
    const found: LoadStats[] = [];
    channel.onmessage = ({ data }: MessageEvent<LoadStats>) => {
      found.push(data);
      if (found.length === count) resolve(found);
    };
    channel.postMessage('tell');
  });
}

export const pipeline = {
  async open(): Promise<void> {
    await bench.start();
    await bench.connected;
  },
  setRig(rig: Rig, devicesDo: Load | null) {
    load = devicesDo;
    return bench.control.setRig(rig);
  },
  start: () =>
    bench.control.with({ timeoutMs: 60_000 }).start({
      sampleId: 'bench',
      operator: { id: 'bench', displayName: 'bench' },
      durationS: null,
      armNow: true,
    }),
  stop: () => bench.control.with({ timeoutMs: 120_000 }).stop('operator_stop'),
  loadStats,
  async view() {
    const { run, health, devices } = await bench.control.snapshot();
    return { run, health, devices: devices.map(({ device, phase }) => ({ device, phase })) };
  },
  end: () => bench.end(),
};

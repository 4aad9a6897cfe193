/** One resource: a port and the instruments on it. Wiring only; what it does is in `src/links/`. */
import { FAMILIES } from '../src/instruments/registry.ts';
import { createWorld } from '../src/instruments/world.ts';
import { InstrumentWorkerHost } from '../src/links/instrument-host.ts';
import { SimulatedPort } from '../src/transports/simulated.ts';
import { WebSerialPortSource } from '../src/transports/web-serial-source.ts';
import { AlignedClock } from '../src/wire/align.ts';
import { hostClock } from '../src/wire/host-clock.ts';
import { type InstrumentStart, LOCK, type WorkerReady } from '../src/wire/messages.ts';

declare const self: DedicatedWorkerGlobalScope;
const clock = new AlignedClock(hostClock);
const tell = (message: WorkerReady) => self.postMessage(message);
/** A worker with a broken invariant dies: its lock tells the conductor, its message the page. */
const failed = (error: unknown) => {
  const detail = error instanceof Error ? (error.stack ?? error.message) : String(error);
  tell({ type: 'fatal', code: 'instrument', detail });
  self.close();
};
let host: InstrumentWorkerHost | null = null;

function createHost({ resource, port, epochMs, seed }: Extract<InstrumentStart, { type: 'start' }>) {
  const world = createWorld(seed);
  let simulators = 0;
  return new InstrumentWorkerHost({
    resource,
    port,
    epochMs,
    families: FAMILIES,
    clock,
    failed,
    sourceOf: (device) => {
      if (port.transport === 'web-serial') return new WebSerialPortSource(self.navigator.serial, port, clock);
      const family = device && FAMILIES.get(device.adapter);
      if (!device || !family) return null;
      simulators += 1;
      const context = { params: device.params, world, seed: seed + simulators };
      return new SimulatedPort({ instrument: family.createSimulator(context), clock });
    },
  });
}

self.onmessage = ({ data }: MessageEvent<InstrumentStart>) => {
  if (data.type === 'reconnect') return host?.connect(data.ports);
  const started = createHost(data);
  host = started;
  const lock = LOCK.instrument(data.resource, data.epochMs);
  // Lock, then hello, then queue: held until this worker ends.
  const held = self.navigator.locks.request(lock, () => {
    started.connect(data.ports);
    tell({ type: 'ready', lock });
    return started.run(new AbortController().signal);
  });
  held.catch(failed);
};

/** SharedWorker where there is one, dedicated worker of the owner page otherwise: the same module. */
import { Conductor } from '../src/conductor/conductor.ts';
import { acceptHello, lockQueue } from '../src/conductor/hello.ts';
import { DECLARATIONS } from '../src/instruments/declarations.ts';
import { createCalibrator } from '../src/rig/calibrate.ts';
import { checkRig } from '../src/rig/check.ts';
import { formatRig, parseRig } from '../src/rig/toml.ts';
import { hostClock } from '../src/wire/host-clock.ts';
import { type ConductorHello, LOCK } from '../src/wire/messages.ts';

interface ConnectEvent extends Event {
  readonly ports: readonly MessagePort[];
}
interface WorkerScope extends EventTarget {
  readonly navigator: WorkerNavigator;
  close(): void;
}
const scope = globalThis as unknown as WorkerScope;
const ended = new AbortController();

const conductor = new Conductor({
  clock: hostClock,
  buildHash: __BUILD__.hash,
  random: (count) => crypto.getRandomValues(new Uint8Array(count)),
  knowledge: {
    check: (rig) => checkRig(rig, DECLARATIONS),
    calibrator: (rig) => createCalibrator(rig, DECLARATIONS),
    parse: (toml) => {
      const rig = parseRig(toml, DECLARATIONS);
      return rig.ok ? rig.value : null;
    },
  },
  members: ({ rig, environment }) => ({
    'config.toml': formatRig(rig),
    'env/build.json': `${JSON.stringify(environment, null, 2)}\n`,
  }),
  close: () => {
    ended.abort();
    scope.close();
  },
});

// Hellos wait until the lock is held: who is answered may queue on it (`design.md` §2).
const queue = lockQueue(scope.navigator.locks);
const held = new Promise<void>((ready) => {
  void scope.navigator.locks.request(LOCK.conductor, () => {
    ready();
    void conductor.run(ended.signal);
    return new Promise<void>(() => {});
  });
});
const heard = ({ data }: MessageEvent<ConductorHello>) =>
  void held.then(() => acceptHello(conductor, data, queue));

scope.addEventListener('connect', (event) => {
  for (const port of (event as ConnectEvent).ports) port.onmessage = heard;
});
scope.addEventListener('message', (event) => heard(event as MessageEvent<ConductorHello>));

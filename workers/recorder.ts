/** Recorder worker: its lock, then ready, then the conductor's ports (`design.md` §2). */
import { DECLARATIONS } from '../src/instruments/declarations.ts';
import { openRecorder } from '../src/recorder/open-recorder.ts';
import type { Recorder } from '../src/recorder/recorder.ts';
import { AlignedClock } from '../src/wire/align.ts';
import { connectControl } from '../src/wire/call.ts';
import { hostClock } from '../src/wire/host-clock.ts';
import { LOCK } from '../src/wire/messages.ts';
import type { PortPair, RecorderHost, RecorderStart, WorkerReady } from '../src/wire/messages.ts';
import { framePort, UnknownFrame } from '../src/wire/port.ts';

const answer = (message: WorkerReady): void => postMessage(message);

const clock = new AlignedClock(hostClock);
let opened: Promise<Recorder> | null = null;
let aligning = new AbortController();

const units = new Map(
  [...DECLARATIONS].map(([family, { fields }]) => [
    family,
    Object.fromEntries(fields.flatMap(({ field, unit }) => (unit === null ? [] : [[field, unit]]))),
  ]),
);

/** Held as long as the worker lives: losing it is the sign of its end. */
function holdLock(): Promise<void> {
  return new Promise((held, refused) => {
    const forEver = (): Promise<never> => {
      held();
      return new Promise<never>(() => undefined);
    };
    navigator.locks.request(LOCK.recorder, forEver).catch(refused);
  });
}

async function start(buildHash: string): Promise<Recorder> {
  await holdLock();
  const schemas = DECLARATIONS;
  const appVersion = __BUILD__.version;
  const recorder = await openRecorder({ clock, buildHash, appVersion, schemas, units });
  answer({ type: 'ready', lock: LOCK.recorder });
  return recorder;
}

function connect(recorder: Recorder, ports: PortPair): void {
  aligning.abort();
  aligning = new AbortController();
  const conductor = connectControl<RecorderHost>(ports.control, recorder);
  void clock.keepAligned(() => conductor.ping(), aligning.signal);
  recorder.connect(framePort(ports.data));
}

addEventListener('message', ({ data }: MessageEvent<RecorderStart>) => {
  if (data.type === 'start') opened = start(data.buildHash);
  else if (data.type !== 'reconnect') throw new UnknownFrame('recorder worker', data);
  opened
    ?.then((recorder) => connect(recorder, data.ports))
    .catch((error: unknown) => answer({ type: 'fatal', code: 'storage', detail: String(error) }));
});

/** A hello becomes a peer: calls on its control port, frames on its data port, its lock as the sign of life. */
import { connectControl } from '../wire/call.ts';
import type {
  ConductorHello,
  DownstreamFrame,
  InstrumentControl,
  MirrorDown,
  MirrorUp,
  PageHost,
  RecorderControl,
  RecorderFrame,
  UpstreamFrame,
} from '../wire/messages.ts';
import { LOCK } from '../wire/messages.ts';
import { framePort, UnknownFrame } from '../wire/port.ts';
import type { Conductor } from './conductor.ts';

/** The conductor bounds each call itself (`deadline.ts`), on its own clock and by the peer's life. */
const NO_LIMIT = { timeoutMs: Infinity };

/**
 * Queues on a lock: resolves when its holder is dead, never when the signal came first. The peer holds it before it
 * says hello: a lock nobody ever held is granted at once (`spec/pipeline-measured.md` §6.2).
 */
export type LockQueue = (name: string, signal: AbortSignal) => Promise<void>;

export function lockQueue(locks: LockManager): LockQueue {
  return (name, signal) =>
    locks
      .request(name, { signal }, () => undefined)
      .then(
        () => undefined,
        () => new Promise<void>(() => {}),
      );
}

export function acceptHello(conductor: Conductor, hello: ConductorHello, queue: LockQueue): void {
  const { control, data } = hello.ports;
  const closed = new AbortController();
  const peer = <T extends { close(): void }>(calls: T, lock: string) => ({
    control: calls,
    gone: queue(lock, closed.signal),
    close: () => {
      closed.abort();
      calls.close();
      data.close();
    },
  });
  switch (hello.type) {
    case 'page': {
      const { pageId, buildHash, owner, environment = null, rig = null } = hello;
      const host = connectControl<PageHost>(control, conductor.pageApi(pageId), NO_LIMIT);
      const mirror = framePort<MirrorUp, MirrorDown>(data);
      const { gone, close } = peer(host, LOCK.page(pageId));
      return conductor.connectPage({ pageId, buildHash, owner, environment, rig, host, mirror, gone, close });
    }
    case 'recorder':
      return conductor.connectRecorder({
        ...peer(connectControl<RecorderControl>(control, conductor.recorderApi(), NO_LIMIT), hello.lock),
        reconnected: hello.reconnected === true,
        data: framePort<RecorderFrame, UpstreamFrame>(data),
      });
    case 'instrument':
      return conductor.connectInstrument({
        ...peer(connectControl<InstrumentControl>(control, conductor.instrumentApi(), NO_LIMIT), hello.lock),
        resource: hello.resource,
        reconnected: hello.reconnected === true,
        data: framePort<UpstreamFrame, DownstreamFrame>(data),
      });
    default:
      throw new UnknownFrame('conductor', hello);
  }
}

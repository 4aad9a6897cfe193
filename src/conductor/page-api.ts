/** What a page may ask; who only watches is refused in words. */
import type { Clock } from '../record/clock.ts';
import { KIND } from '../record/taxonomy.ts';
import { portName } from '../rig/rig.ts';
import { CallError } from '../wire/call.ts';
import { type ConductorControl, NOTE_CHARS_MAX } from '../wire/messages.ts';
import type { Outbox } from '../wire/outbox.ts';
import { within } from './deadline.ts';
import type { Devices } from './devices.ts';
import type { Instruments } from './instruments.ts';
import type { OwnProducer } from './own-producer.ts';
import type { Pages } from './pages.ts';
import type { RigHolder } from './rig-holder.ts';
import type { RunControl } from './run-control.ts';
import type { SealRequests } from './seal-requests.ts';

/** A note is shown as sent only when it is recorded; this long is waited for that. */
const NOTE_MS = 5000;

export interface PageApiParts {
  readonly clock: Clock;
  readonly pages: Pages;
  readonly rig: RigHolder;
  readonly runs: RunControl;
  readonly own: OwnProducer;
  readonly outbox: Outbox;
  readonly instruments: Instruments;
  readonly devices: Devices;
  readonly seals: SealRequests;
}

export function pageApi(pageId: string, parts: PageApiParts): ConductorControl {
  const { clock, pages, rig, runs, own, outbox, instruments, devices, seals } = parts;
  const mustOwn = () => {
    if (!pages.isOwner(pageId))
      throw new CallError('observer', 'this page only watches; another one has the rig');
  };
  return {
    setRig: async (wanted) => {
      mustOwn();
      return rig.set(wanted);
    },
    addPort: async (port) => {
      mustOwn();
      const resource = portName(port);
      const there = devices.read(resource);
      if (there.length > 0)
        throw new CallError('already_connected', `${there.join(' and ')} is connected to this port already`);
      await instruments.probe(resource);
    },
    removeDevice: async (device) => {
      mustOwn();
      const [problem] = rig.remove(device);
      if (problem !== undefined) throw new CallError(problem.code, problem.message);
    },
    start: async (request) => {
      mustOwn();
      return runs.start(request);
    },
    stop: async (reason) => {
      mustOwn();
      // A word of `spec/capa.md` §1.2 stands in the manifest; other words are kept in the log.
      const known = /^operator_[a-z_]+$/.test(reason);
      if (!known) own.log('INFO', 'run.stop_asked', { reason });
      if (!runs.stop({ runStatus: 'aborted', exitReason: known ? reason : 'operator_stop' }))
        throw new CallError('no_run', 'there is no run to stop');
    },
    note: async (text, operatorId) => {
      mustOwn();
      const message = text.trim();
      if (message === '' || message.length > NOTE_CHARS_MAX)
        throw new CallError('note', `expected 1 to ${NOTE_CHARS_MAX} characters, actual ${message.length}`);
      const metadata = { operator_id: operatorId };
      const upTo = own.event({ kind: KIND.note, severity: 'info', source: 'operator', message, metadata });
      await within(clock, NOTE_MS, 'note: not recorded yet', outbox.whenAcked(upTo));
    },
    command: async (command) => {
      mustOwn();
      return instruments.command(command);
    },
    sealFinished: async (result) => {
      mustOwn();
      seals.finished(result);
    },
    snapshot: async () => {
      const snapshot = pages.snapshot(pageId);
      if (snapshot === null) throw new CallError('gone', `page ${pageId} is not connected`);
      return snapshot;
    },
    ping: async () => clock.hostMs(),
  };
}

/** The other threads as the conductor sees them: an API, a data port, and a promise that resolves at their death. */
import type { Json } from '../record/event.ts';
import type { FramePort } from '../wire/port.ts';
import type { Rig } from '../rig/rig.ts';
import type {
  DownstreamFrame,
  InstrumentControl,
  MirrorDown,
  MirrorUp,
  PageHost,
  RecorderControl,
  RecorderFrame,
  UpstreamFrame,
} from '../wire/messages.ts';

export interface Peer {
  /** Its Web Lock was released: it is dead, whatever its ports look like. */
  readonly gone: Promise<void>;
  /** Lets go of the ports; called once, when a newer one took its place or it is dead. */
  close(): void;
}

export interface InstrumentPeer extends Peer {
  readonly resource: string;
  /** It lived on while a conductor died: still armed as it was. */
  readonly reconnected: boolean;
  readonly control: InstrumentControl;
  readonly data: FramePort<UpstreamFrame, DownstreamFrame>;
}

export interface RecorderPeer extends Peer {
  readonly reconnected: boolean;
  readonly control: RecorderControl;
  readonly data: FramePort<RecorderFrame, UpstreamFrame>;
}

export interface PagePeer extends Peer {
  readonly pageId: string;
  readonly buildHash: string;
  readonly owner: boolean;
  readonly environment: { readonly [key: string]: Json } | null;
  /** The rig this page worked with; taken by a conductor that has none. */
  readonly rig: Rig | null;
  readonly host: PageHost;
  readonly mirror: FramePort<MirrorUp, MirrorDown>;
}

import type { ConductorControl, ConductorHello, MirrorDown, MirrorUp, PageHost } from '../wire/messages.ts';
import { LOCK } from '../wire/messages.ts';
import type { Remote } from '../wire/call.ts';
import { connectControl } from '../wire/call.ts';
import { watchLock } from './lock-watch.ts';

/** Where hellos go: the SharedWorker's port, or the dedicated worker that stands in for it. */
export interface ConductorThread {
  postMessage(hello: ConductorHello, transfer: Transferable[]): void;
  /** Dedicated stand-in only. */
  terminate?(): void;
}

type PageHello = Extract<ConductorHello, { type: 'page' }>;
export type Environment = NonNullable<PageHello['environment']>;

export type ConnectionState =
  | { readonly phase: 'connecting' }
  /** Nobody answers. `held`: a conductor lives, most likely one of another build that still has the bench. */
  | { readonly phase: 'waiting'; readonly held: boolean }
  | { readonly phase: 'connected' };

export interface ConnectionSpec {
  readonly locks: LockManager;
  readonly pageId: string;
  readonly buildHash: string;
  /** `env/build.json` of runs this page starts. */
  readonly environment: Environment;
  /** The rig this page knows: a conductor that has none takes it. */
  rig(): PageHello['rig'] | null;
  /** Makes (or finds) the conductor thread. The URL is named in the wiring alone. */
  open(): ConductorThread;
  readonly pageHost: PageHost;
  onFrame(frame: MirrorDown): void;
  /** A conductor answers, the first or a new one: every worker must be introduced to it. */
  onConnected(control: Remote<ConductorControl>): void;
  onState(state: ConnectionState): void;
}

const CALL_TIMEOUT_MS = 15_000;
const HELLO_TIMEOUT_MS = 3000;
const MIRROR_CREDITS = 2;

interface Session {
  readonly thread: ConductorThread;
  readonly control: Remote<ConductorControl>;
  readonly closed: AbortController;
}

/**
 * This page's line to the conductor. Order: the conductor takes its lock, answers the hello, and only then is its
 * lock queued for. When that queue is granted the conductor is dead: a new one is made and everything re-introduced.
 */
export class ConductorConnection {
  readonly #spec: ConnectionSpec;
  #session: Session | null = null;
  #owner = false;
  /** Conductors lost since this page started. */
  losses = 0;

  constructor(spec: ConnectionSpec) {
    this.#spec = spec;
  }

  /** The conductor that answered, or null while there is none. */
  get control(): Remote<ConductorControl> | null {
    return this.#session?.control ?? null;
  }

  /** Says hello (again, when this page's role changed) and resolves when a conductor answered. */
  async connect(owner: boolean): Promise<void> {
    this.#owner = owner;
    const thread = this.#session?.thread ?? this.#spec.open();
    this.#end();
    await this.#connectTo(thread);
  }

  /** Introduces a worker of this page by the ports made for it. */
  introduce(hello: ConductorHello, transfer: Transferable[]): void {
    this.#session?.thread.postMessage(hello, transfer);
  }

  close(): void {
    const thread = this.#session?.thread;
    this.#end();
    thread?.terminate?.();
  }

  #end(): void {
    this.#session?.closed.abort();
    this.#session = null;
  }

  async #connectTo(first: ConductorThread): Promise<void> {
    this.#spec.onState({ phase: 'connecting' });
    let thread = first;
    let session = this.#hello(thread);
    while (!(await this.#answers(session))) {
      const held =
        (await this.#spec.locks.query()).held?.some((lock) => lock.name === LOCK.conductor) ?? false;
      if (session.closed.signal.aborted) return;
      this.#spec.onState({ phase: 'waiting', held });
      if (held) continue;
      session.closed.abort();
      thread.terminate?.();
      thread = this.#spec.open();
      session = this.#hello(thread);
    }
    if (session.closed.signal.aborted) return;
    const unwatch = watchLock(this.#spec.locks, LOCK.conductor, () => this.#lost(session));
    session.closed.signal.addEventListener('abort', unwatch, { once: true });
    this.#spec.onState({ phase: 'connected' });
    this.#spec.onConnected(session.control);
  }

  #hello(thread: ConductorThread): Session {
    const control = new MessageChannel();
    const data = new MessageChannel();
    const closed = new AbortController();
    const session: Session = {
      thread,
      control: connectControl<ConductorControl>(control.port1, this.#spec.pageHost, {
        timeoutMs: CALL_TIMEOUT_MS,
      }),
      closed,
    };
    data.port1.onmessage = (message: MessageEvent<MirrorDown>) => {
      if (closed.signal.aborted) return;
      this.#spec.onFrame(message.data);
      data.port1.postMessage({ type: 'credit' } satisfies MirrorUp);
    };
    closed.signal.addEventListener('abort', () => {
      session.control.close();
      data.port1.close();
    });
    const ports = { control: control.port2, data: data.port2 };
    const { pageId, buildHash, environment } = this.#spec;
    const rig = this.#spec.rig();
    const hello: PageHello = { type: 'page', pageId, buildHash, owner: this.#owner, ports, environment };
    thread.postMessage(rig ? { ...hello, rig } : hello, [ports.control, ports.data]);
    for (let i = 0; i < MIRROR_CREDITS; i += 1) data.port1.postMessage({ type: 'credit' } satisfies MirrorUp);
    this.#session = session;
    return session;
  }

  async #answers(session: Session): Promise<boolean> {
    const late = new Promise<false>((resolve) => setTimeout(() => resolve(false), HELLO_TIMEOUT_MS));
    const answer = session.control.ping().then(
      () => true,
      () => false,
    );
    return (await Promise.race([answer, late])) || session.closed.signal.aborted;
  }

  #lost(session: Session): void {
    if (session.closed.signal.aborted) return;
    this.losses += 1;
    this.#end();
    session.thread.terminate?.();
    void this.#connectTo(this.#spec.open());
  }
}

import { isRunOpen } from '../record/run-state.ts';
import type { Rig } from '../rig/rig.ts';
import { portName } from '../rig/rig.ts';
import type { ConnectionState, Environment, ConductorThread } from '../platform/conductor-connection.ts';
import { ConductorConnection } from '../platform/conductor-connection.ts';
import { holdLock } from '../platform/lock-watch.ts';
import { OwnerElection } from '../platform/owner-election.ts';
import type { CrewProblem, Resource } from '../platform/worker-crew.ts';
import { WorkerCrew } from '../platform/worker-crew.ts';
import type { Remote } from '../wire/call.ts';
import { CallError } from '../wire/call.ts';
import type { ConductorControl, MirrorFrame, MirrorSnapshot, PageHost } from '../wire/messages.ts';
import { LOCK } from '../wire/messages.ts';
import { emptySnapshot } from './empty-snapshot.ts';
import { MirrorStore } from './mirror-store.ts';

export interface BenchSpec {
  readonly locks: LockManager;
  readonly pageId: string;
  readonly buildHash: string;
  readonly environment: Environment;
  /** Null where there is no SharedWorker: only the owner page has a conductor then. */
  openShared: (() => ConductorThread) | null;
  openDedicated(): ConductorThread;
  startRecorder(): Worker;
  startInstrument(resource: string): Worker;
  readonly pageHost: PageHost;
  onProblem(problem: CrewProblem): void;
}

/** Asks again whether the run of another build has ended. */
const REFUSED_RETRY_MS = 5000;
/** The simulated world starts the same every time. */
const WORLD_SEED = 1;

/** This page's hold on the bench: its role, its line to the conductor, and as the owner its workers. */
export class Bench {
  readonly #spec: BenchSpec;
  readonly #election: OwnerElection;
  readonly #connection: ConductorConnection;
  readonly #crew: WorkerCrew;
  readonly #rigListeners = new Set<(rig: Rig) => void>();
  readonly #runListeners = new Set<(runOpen: boolean) => void>();
  readonly #ownerListeners = new Set<() => Promise<void>>();
  /** Ports chosen on this page whose instrument is not known yet, so not in the rig. */
  readonly #chosen = new Map<string, Resource>();
  readonly mirror: MirrorStore;
  #rig: Rig | null = null;
  #refused = false;
  #ready: (() => void) | null = null;
  /** Resolves at the first answer of a conductor. */
  readonly connected = new Promise<void>((resolve) => (this.#ready = resolve));

  constructor(spec: BenchSpec) {
    this.#spec = spec;
    this.mirror = new MirrorStore(() => this.control.snapshot());
    this.#election = new OwnerElection(spec.locks, LOCK.rigOwner);
    this.#connection = new ConductorConnection({
      ...spec,
      rig: () => (this.#rig !== null && this.#rig.devices.length > 0 ? this.#rig : null),
      open: () => (spec.openShared ?? spec.openDedicated)(),
      onFrame: (frame) => this.#frame(frame),
      onConnected: (control) => void this.#connected(control),
      onState: (state) => this.#state(state),
    });
    this.#crew = new WorkerCrew({
      ...spec,
      seed: WORLD_SEED,
      introduce: (hello, transfer) => this.#connection.introduce(hello, transfer),
    });
  }

  get owner(): boolean {
    return this.#election.owner && !this.#refused;
  }

  get rig(): Rig | null {
    return this.#rig;
  }

  /** Throws a `CallError` with code `no_conductor` while there is none. */
  get control(): Remote<ConductorControl> {
    const { control } = this.#connection;
    if (control === null) throw new CallError('no_conductor', 'The conductor does not answer yet.');
    return control;
  }

  onRig(listener: (rig: Rig) => void): void {
    this.#rigListeners.add(listener);
  }

  onRunOpen(listener: (runOpen: boolean) => void): void {
    this.#runListeners.add(listener);
  }

  /** Called once, when this page owns the rig and a conductor answers. */
  onOwner(listener: () => Promise<void>): void {
    this.#ownerListeners.add(listener);
  }

  async start(): Promise<void> {
    await holdLock(this.#spec.locks, LOCK.page(this.#spec.pageId));
    const owner = await this.#election.start(() => void this.#connection.connect(true));
    if (owner || this.#spec.openShared !== null) await this.#connection.connect(owner);
    else this.#showNothing(null);
  }

  /** `pagehide`: the workers must let go of ports, files and locks, whatever becomes of the page. */
  end(): void {
    this.#crew.terminate();
    this.#connection.close();
    this.#election.release();
  }

  /** A port the user chose: it gets a worker, which finds out what hangs on it. */
  addChosen(port: Resource['port']): void {
    const name = portName(port);
    this.#chosen.set(name, { name, port });
    this.#fitCrew();
  }

  forgetChosen(name: string): void {
    this.#chosen.delete(name);
    this.#fitCrew();
  }

  async #connected(control: Remote<ConductorControl>): Promise<void> {
    const snapshot = await control.snapshot().catch(() => null);
    if (snapshot === null || this.#connection.control !== control) return;
    this.#refused = snapshot.refusal !== null;
    if (this.#refused) setTimeout(() => void this.#retryRefused(), REFUSED_RETRY_MS);
    this.#take(snapshot, snapshot.rig);
    this.mirror.reset(snapshot);
    if (this.owner) {
      this.#crew.reconnect();
      this.#crew.start();
      for (const listener of this.#ownerListeners) void listener();
      this.#ownerListeners.clear();
    }
    this.#ready?.();
  }

  async #retryRefused(): Promise<void> {
    if (this.#refused) await this.#connection.connect(this.#election.owner);
  }

  #frame(frame: MirrorFrame): void {
    this.#take(frame, frame.rig ?? null);
    this.mirror.frame(frame);
  }

  #take(view: Pick<MirrorSnapshot, 'run'>, rig: Rig | null): void {
    const runOpen = isRunOpen(view.run.state);
    for (const listener of this.#runListeners) listener(runOpen);
    if (rig === null) return;
    this.#rig = rig;
    this.#fitCrew();
    for (const listener of this.#rigListeners) listener(rig);
  }

  #fitCrew(): void {
    const resources = new Map(this.#chosen);
    for (const { port } of this.#rig?.devices ?? [])
      resources.set(portName(port), { name: portName(port), port });
    this.#crew.setResources([...resources.values()]);
  }

  #state(state: ConnectionState): void {
    if (state.phase !== 'waiting') return;
    if (!state.held) {
      const detail = 'the conductor did not start; it is started again';
      this.#spec.onProblem({ member: 'conductor', code: 'no_answer', detail });
    }
    this.#showNothing(state.held ? 'The conductor of another build has the bench.' : null);
  }

  #showNothing(refusal: string | null): void {
    const hostMs = performance.timeOrigin + performance.now();
    const reason = refusal === null ? null : ({ code: 'build', detail: refusal } as const);
    this.mirror.reset(emptySnapshot(hostMs, this.owner && reason === null, reason));
  }
}

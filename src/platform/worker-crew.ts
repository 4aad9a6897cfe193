import type {
  ConductorHello,
  InstrumentStart,
  PortPair,
  RecorderStart,
  WorkerReady,
} from '../wire/messages.ts';
import { watchLock } from './lock-watch.ts';

export type InstrumentPort = Extract<InstrumentStart, { type: 'start' }>['port'];

/** One wire: all devices on it share one instrument worker. */
export interface Resource {
  readonly name: string;
  readonly port: InstrumentPort;
}

export interface CrewProblem {
  /** `recorder`, or the resource. */
  readonly member: string;
  readonly code: string;
  readonly detail: string;
}

export interface CrewSpec {
  readonly locks: LockManager;
  readonly buildHash: string;
  readonly seed: number;
  startRecorder(): Worker;
  startInstrument(resource: string): Worker;
  introduce(hello: ConductorHello, transfer: Transferable[]): void;
  onProblem(problem: CrewProblem): void;
}

const RESTART_FIRST_MS = 250;
const RESTART_MAX_MS = 10_000;
/** A worker that lived this long has earned a quick restart. */
const HEALTHY_MS = 30_000;
const RECORDER = 'recorder';

interface Member {
  readonly name: string;
  /** Null = the recorder. */
  readonly resource: Resource | null;
  readonly worker: Worker;
  readonly gone: AbortController;
  readonly startedMs: number;
  /** Known once the worker holds it. */
  lock: string | null;
  /** Conductor's ends, waiting for the worker to be ready. */
  waiting: PortPair | null;
}

function portPairs(): { near: PortPair; far: PortPair } {
  const control = new MessageChannel();
  const data = new MessageChannel();
  return {
    near: { control: control.port1, data: data.port1 },
    far: { control: control.port2, data: data.port2 },
  };
}

/** The owner page's dedicated workers: one recorder, one instrument worker per wire of the rig. */
export class WorkerCrew {
  readonly #spec: CrewSpec;
  readonly #members = new Map<string, Member>();
  readonly #restartMs = new Map<string, number>();
  readonly #timers = new Map<string, ReturnType<typeof setTimeout>>();
  #resources: readonly Resource[] = [];
  #open = false;
  /** Workers started again after they died. */
  restarts = 0;

  constructor(spec: CrewSpec) {
    this.#spec = spec;
  }

  /** Starts the recorder, and the instruments of `setResources`. Idempotent. */
  start(): void {
    if (this.#open) return;
    this.#open = true;
    this.#spawn(RECORDER, null);
    this.setResources(this.#resources);
  }

  /** Makes the crew fit the rig: missing workers start, superfluous ones end. */
  setResources(resources: readonly Resource[]): void {
    this.#resources = resources;
    if (!this.#open) return;
    const wanted = new Set(resources.map((resource) => resource.name));
    for (const name of [...this.#members.keys(), ...this.#timers.keys()])
      if (name !== RECORDER && !wanted.has(name)) this.#drop(name);
    for (const resource of resources)
      if (!this.#members.has(resource.name) && !this.#timers.has(resource.name))
        this.#spawn(resource.name, resource);
  }

  /** A new conductor answers: every worker gets new ports, the conductor their other ends. */
  reconnect(): void {
    for (const member of this.#members.values()) {
      const { near, far } = portPairs();
      if (member.lock === null) continue;
      const message: RecorderStart & InstrumentStart = { type: 'reconnect', ports: near };
      member.worker.postMessage(message, [near.control, near.data]);
      this.#introduce(member, far, true);
    }
  }

  /** Ends every worker: `pagehide`. A page in the back/forward cache would keep locks and file handles. */
  terminate(): void {
    this.#open = false;
    for (const name of [...this.#members.keys(), ...this.#timers.keys()]) this.#drop(name);
  }

  #drop(name: string): void {
    clearTimeout(this.#timers.get(name));
    this.#timers.delete(name);
    const member = this.#members.get(name);
    if (member === undefined) return;
    this.#members.delete(name);
    member.gone.abort();
    member.worker.terminate();
  }

  #spawn(name: string, resource: Resource | null): void {
    const worker = resource === null ? this.#spec.startRecorder() : this.#spec.startInstrument(name);
    const { near, far } = portPairs();
    const member: Member = {
      name,
      resource,
      worker,
      gone: new AbortController(),
      startedMs: performance.now(),
      lock: null,
      waiting: far,
    };
    this.#members.set(name, member);
    worker.onmessage = (message: MessageEvent<WorkerReady>) => this.#heard(member, message.data);
    worker.onerror = (error) => {
      error.preventDefault();
      this.#died(member, 'worker_error', error.message || 'the worker script failed to load');
    };
    const { seed, buildHash } = this.#spec;
    const epochMs = Date.now();
    const start: RecorderStart | InstrumentStart =
      resource === null
        ? { type: 'start', epochMs, ports: near, buildHash }
        : { type: 'start', epochMs, resource: name, port: resource.port, seed, ports: near };
    worker.postMessage(start, [near.control, near.data]);
  }

  #heard(member: Member, message: WorkerReady): void {
    if (member.gone.signal.aborted) return;
    if (message.type === 'fatal') return this.#died(member, message.code, message.detail);
    member.lock = message.lock;
    const unwatch = watchLock(this.#spec.locks, message.lock, () =>
      this.#died(member, 'worker_lost', 'its lock was released'),
    );
    member.gone.signal.addEventListener('abort', unwatch, { once: true });
    if (member.waiting !== null) this.#introduce(member, member.waiting, false);
    member.waiting = null;
  }

  #introduce(member: Member, ports: PortPair, reconnected: boolean): void {
    if (member.lock === null) throw new Error(`${member.name} is introduced before it holds its lock`);
    const { lock, resource } = member;
    const hello: ConductorHello =
      resource === null
        ? { type: 'recorder', lock, ports, reconnected }
        : { type: 'instrument', lock, resource: resource.name, ports, reconnected };
    this.#spec.introduce(hello, [ports.control, ports.data]);
  }

  #died(member: Member, code: string, detail: string): void {
    if (member.gone.signal.aborted) return;
    this.#drop(member.name);
    this.#spec.onProblem({ member: member.name, code, detail });
    const lived = performance.now() - member.startedMs;
    const waitMs =
      lived > HEALTHY_MS ? RESTART_FIRST_MS : (this.#restartMs.get(member.name) ?? RESTART_FIRST_MS);
    this.#restartMs.set(member.name, Math.min(waitMs * 2, RESTART_MAX_MS));
    const again = () => {
      this.#timers.delete(member.name);
      this.restarts += 1;
      this.#spawn(member.name, member.resource);
    };
    this.#timers.set(member.name, setTimeout(again, waitMs));
  }
}

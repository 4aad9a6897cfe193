import type {
  BundleControl,
  BundleMember,
  BundleStart,
  BundleSummary,
  Progress,
  VerifyReport,
} from '../bundle/types.ts';
import { connectControl } from '../wire/call.ts';
import type { SealResult } from '../wire/messages.ts';

export type SealListener = (runId: string, progress: Progress | null) => void;

/** How long an idle bundle worker is kept for the next question. */
const IDLE_MS = 5000;

interface Session {
  readonly worker: Worker;
  readonly control: BundleControl;
  /** Rejects when the worker script fails. */
  readonly failed: Promise<never>;
}

/**
 * The bundle worker, started when there is something to do and ended when there is not. One job at a time: a seal
 * changes what a list or a verification would read.
 */
export class BundleDesk {
  readonly #startWorker: () => Worker;
  readonly #buildHash: string;
  readonly #listeners = new Set<SealListener>();
  readonly #seals = new Map<string, Promise<SealResult>>();
  #session: Session | null = null;
  #jobs = 0;
  #last: Promise<unknown> = Promise.resolve();
  #idle: ReturnType<typeof setTimeout> | undefined;

  constructor(startWorker: () => Worker, buildHash: string) {
    this.#startWorker = startWorker;
    this.#buildHash = buildHash;
  }

  onSealProgress(listener: SealListener): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  /** The seal is over and the catalog says so. */
  sealEnded(runId: string): void {
    this.#tell(runId, null);
  }

  /** Seals, then reads everything back and compares. Asked twice for one run, it is done once. */
  seal(runId: string): Promise<SealResult> {
    const known = this.#seals.get(runId);
    if (known !== undefined) return known;
    const sealing = this.#job((control) => this.#sealAndVerify(control, runId))
      .catch((cause: unknown): SealResult => {
        const detail = cause instanceof Error ? cause.message : String(cause);
        return { ok: false, runId, code: 'seal_failed', detail };
      })
      .finally(() => this.#seals.delete(runId));
    this.#seals.set(runId, sealing);
    return sealing;
  }

  verify(runId: string, progress: (p: Progress) => void): Promise<VerifyReport> {
    return this.#job((control) => control.verify(runId, progress));
  }

  list(): Promise<readonly BundleSummary[]> {
    return this.#job((control) => control.list());
  }

  members(runId: string): Promise<readonly BundleMember[]> {
    return this.#job((control) => control.members(runId));
  }

  /** Ends the worker, whatever it does: `pagehide`. A seal that had not committed is done again at the next start. */
  terminate(): void {
    clearTimeout(this.#idle);
    this.#session?.worker.terminate();
    this.#session = null;
  }

  async #sealAndVerify(control: BundleControl, runId: string): Promise<SealResult> {
    const progress = (p: Progress) => this.#tell(runId, p);
    const sealed = await control.seal(runId, progress);
    // A page that went away after the last header write left nobody to say so: what it sealed is verified as any seal.
    if (!sealed.ok && sealed.code !== 'already_sealed') return sealed;
    const report = await control.verify(runId, progress);
    if (report.integrity === 'ok') return { ok: true, runId, rootDigest: report.rootDigest, integrity: 'ok' };
    const detail = report.problems.map((problem) => `${problem.path}: ${problem.kind}`).join('; ');
    return { ok: false, runId, code: 'verification_failed', detail };
  }

  #tell(runId: string, progress: Progress | null): void {
    for (const listener of this.#listeners) listener(runId, progress);
  }

  #job<T>(work: (control: BundleControl) => Promise<T>): Promise<T> {
    this.#jobs += 1;
    const run = async (): Promise<T> => {
      clearTimeout(this.#idle);
      const session = (this.#session ??= this.#start());
      return Promise.race([work(session.control), session.failed]);
    };
    const job = this.#last.then(run, run).finally(() => {
      this.#jobs -= 1;
      if (this.#jobs === 0) this.#idle = setTimeout(() => this.terminate(), IDLE_MS);
    });
    this.#last = job.catch(() => undefined);
    return job;
  }

  #start(): Session {
    const worker = this.#startWorker();
    const { port1, port2 } = new MessageChannel();
    const failed = new Promise<never>((_resolve, reject) => {
      worker.onerror = (error) => {
        error.preventDefault();
        this.terminate();
        reject(new Error(error.message || 'the bundle worker failed to start'));
      };
    });
    // Without a job in progress nobody awaits it.
    failed.catch(() => undefined);
    const start: BundleStart = { type: 'start', control: port2, buildHash: this.#buildHash };
    worker.postMessage(start, [port2]);
    // An hour at 20 kHz is a minute of Parquet: progress is the sign of life, not a timeout.
    const control = connectControl<BundleControl>(port1, {}, { timeoutMs: Infinity });
    return { worker, control, failed };
  }
}

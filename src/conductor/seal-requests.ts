/** Runs that wait for their seal. The owner page does it, one after another; a new owner is asked again. */
import type { PageHost, SealResult } from '../wire/messages.ts';
import { codeOf, wordsOf } from './deadline.ts';

/** The same run is asked for again after a failure this often; then it stays for the next start. */
const TRIES_MAX = 3;

export interface SealRequestsOptions {
  sealed(runId: string, rootDigest: string): void;
  failed(runId: string, reason: string): void;
}

export class SealRequests {
  readonly #options: SealRequestsOptions;
  readonly #tries = new Map<string, number>();
  #queue: string[] = [];
  #host: PageHost | null = null;
  #asked: string | null = null;

  constructor(options: SealRequestsOptions) {
    this.#options = options;
  }

  get pending(): number {
    return this.#queue.length;
  }

  want(runId: string): void {
    if (this.#queue.includes(runId)) return;
    this.#queue.push(runId);
    this.#next();
  }

  /** Null = no owner page at the moment. */
  setOwner(host: PageHost | null): void {
    if (this.#host === host) return;
    this.#host = host;
    this.#asked = null;
    this.#next();
  }

  finished(result: SealResult): void {
    const { runId } = result;
    if (!this.#queue.includes(runId)) return;
    if (this.#asked === runId) this.#asked = null;
    const tries = (this.#tries.get(runId) ?? 0) + 1;
    this.#tries.set(runId, tries);
    if (result.ok || tries >= TRIES_MAX) {
      this.#queue = this.#queue.filter((waiting) => waiting !== runId);
      this.#tries.delete(runId);
    }
    if (result.ok) this.#options.sealed(runId, result.rootDigest);
    else if (tries >= TRIES_MAX) this.#options.failed(runId, `${result.code}: ${result.detail}`);
    this.#next();
  }

  #next(): void {
    const [runId] = this.#queue;
    const host = this.#host;
    if (runId === undefined || host === null || this.#asked !== null) return;
    this.#asked = runId;
    // The answer is `sealFinished`; the call itself may last as long as the seal, or die with the page.
    host.sealWanted(runId).catch((error: unknown) => {
      if (this.#host !== host || this.#asked !== runId) return;
      this.finished({ ok: false, runId, code: codeOf(error), detail: wordsOf(error) });
    });
  }
}

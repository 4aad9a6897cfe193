import { SvelteMap } from 'svelte/reactivity';
import type { BundleSummary, Progress, VerifyReport } from '../bundle/types.ts';
import type { ExportResult, Kiosk } from './kiosk.ts';
import { words } from './words/words.ts';

export type ExportKind = 'directory' | 'file' | 'download';

/** One long work on one bundle. Lives here, not in a component: it goes on when the screen changes. */
export interface BundleJob {
  readonly kind: 'verify' | ExportKind;
  readonly startedAt: number;
  readonly progress: Progress | null;
  readonly cancelling: boolean;
}

export type BundleOutcome =
  | { readonly kind: 'verify'; readonly report: VerifyReport }
  | { readonly kind: 'export'; readonly result: ExportResult }
  | { readonly kind: 'failed'; readonly detail: string };

export class BundlesState {
  readonly kiosk: Kiosk;
  rows = $state.raw<readonly BundleSummary[] | null>(null);
  listError = $state<string | null>(null);
  rebuilding = $state(false);
  rebuilt = $state<number | null>(null);
  /** By run id: at most one job per bundle. */
  readonly jobs = new SvelteMap<string, BundleJob>();
  readonly outcomes = new SvelteMap<string, BundleOutcome>();
  readonly #aborts = new SvelteMap<string, AbortController>();

  constructor(kiosk: Kiosk) {
    this.kiosk = kiosk;
  }

  async load(): Promise<void> {
    await this.#list(() => this.kiosk.bundles());
  }

  async rebuild(): Promise<void> {
    this.rebuilding = true;
    this.rebuilt = null;
    if (await this.#list(() => this.kiosk.rebuildCatalog())) this.rebuilt = this.rows?.length ?? 0;
    this.rebuilding = false;
  }

  async verify(runId: string): Promise<void> {
    await this.#work(runId, 'verify', async (progress, signal) => {
      const report = await this.kiosk.verify(runId, progress, signal);
      return { kind: 'verify', report };
    });
    await this.load();
  }

  async exportTo(runId: string, kind: ExportKind): Promise<void> {
    await this.#work(runId, kind, async (progress, signal) => {
      const result = await this.kiosk.exportTo(runId, kind, progress, signal);
      return { kind: 'export', result };
    });
  }

  cancel(runId: string): void {
    const job = this.jobs.get(runId);
    if (!job) return;
    this.jobs.set(runId, { ...job, cancelling: true });
    this.#aborts.get(runId)?.abort();
  }

  async #list(ask: () => Promise<readonly BundleSummary[]>): Promise<boolean> {
    try {
      this.rows = await ask();
      this.listError = null;
      return true;
    } catch (error) {
      this.listError = detailOf(error);
      return false;
    }
  }

  async #work(
    runId: string,
    kind: BundleJob['kind'],
    run: (progress: (p: Progress) => void, signal: AbortSignal) => Promise<BundleOutcome>,
  ): Promise<void> {
    if (this.jobs.has(runId)) return;
    const abort = new AbortController();
    this.#aborts.set(runId, abort);
    this.outcomes.delete(runId);
    this.jobs.set(runId, { kind, startedAt: performance.now(), progress: null, cancelling: false });
    const onProgress = (progress: Progress) => {
      const job = this.jobs.get(runId);
      if (job) this.jobs.set(runId, { ...job, progress });
    };
    try {
      this.outcomes.set(runId, await run(onProgress, abort.signal));
    } catch (error) {
      this.outcomes.set(
        runId,
        abort.signal.aborted
          ? { kind: 'export', result: { ok: false, code: 'cancelled', detail: words.bundles.cancelled } }
          : { kind: 'failed', detail: detailOf(error) },
      );
    } finally {
      this.#aborts.delete(runId);
      this.jobs.delete(runId);
    }
  }
}

/** What went wrong, in the thrower's words. */
export function detailOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

/** Seconds left at the mean speed so far; null before there is one. */
export function leftS(job: BundleJob, now: number): number | null {
  const done = job.progress?.bytesDone ?? 0;
  const total = job.progress?.bytesTotal ?? 0;
  const spentMs = now - job.startedAt;
  if (done <= 0 || total <= 0 || spentMs < 500) return null;
  return ((total - done) / done) * (spentMs / 1000);
}

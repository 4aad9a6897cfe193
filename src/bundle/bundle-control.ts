import { listBundles, tableOf } from './list.ts';
import { SealError } from './seal-error.ts';
import { sealRun, type SealTools } from './seal.ts';
import { slotMembers } from './slot-members.ts';
import type { BundleControl, BundleMember, BundleSummary, Progress, VerifyReport } from './types.ts';
import { report, verifyBundle } from './verify.ts';

/** Reports at most this often, so that progress costs nothing. */
const PROGRESS_MS = 100;

/** The bundle worker's side of `BundleControl`. */
export class Bundles implements BundleControl {
  readonly #tools: SealTools;

  constructor(tools: SealTools) {
    this.#tools = tools;
  }

  async seal(runId: string, progress: (p: Progress) => void): ReturnType<BundleControl['seal']> {
    try {
      return { ok: true, runId, rootDigest: await sealRun(this.#tools, runId, throttled(progress)) };
    } catch (error) {
      const code = codeOf(error);
      // Anything else is a broken invariant: the caller hears it as an exception.
      if (code === null) throw error;
      return { ok: false, runId, code, detail: error instanceof Error ? error.message : String(error) };
    }
  }

  async verify(runId: string, progress: (p: Progress) => void): Promise<VerifyReport> {
    const table = await tableOf(this.#tools.slots, runId);
    if (table === null)
      return report('', [{ kind: 'missing', path: runId, detail: 'no sealed bundle of this run' }]);
    if (!table.ok) return report('', [{ kind: 'unreadable', path: runId, detail: table.error }]);
    const { members, rootDigest } = table.value;
    return verifyBundle(slotMembers(this.#tools.slots, members), {
      rootDigest,
      progress: throttled(progress),
      bytesTotal: members.reduce((sum, { bytes }) => sum + bytes, 0),
    });
  }

  list(): Promise<readonly BundleSummary[]> {
    return listBundles(this.#tools.slots);
  }

  async members(runId: string): Promise<readonly BundleMember[]> {
    const table = await tableOf(this.#tools.slots, runId);
    if (table === null) throw new Error(`no sealed bundle of run ${runId}`);
    if (!table.ok) throw new Error(table.error);
    return table.value.members;
  }
}

function codeOf(error: unknown): string | null {
  if (error instanceof SealError) return error.code;
  // A short write and the browser's own refusal are the only honest signs of a full disk (`design.md` §7).
  if (error instanceof Error && 'code' in error && error.code === 'short_write') return 'storage_full';
  if (error instanceof DOMException && error.name === 'QuotaExceededError') return 'storage_full';
  return null;
}

function throttled(progress: (p: Progress) => void): (p: Progress) => void {
  let lastMs = -Infinity;
  let phase = '';
  return (p) => {
    const nowMs = performance.now();
    if (p.phase === phase && nowMs - lastMs < PROGRESS_MS && p.bytesDone < p.bytesTotal) return;
    lastMs = nowMs;
    phase = p.phase;
    progress(p);
  };
}

import type { BundleSummary, Progress, VerifyReport } from '../bundle/types.ts';
import type { Workspace } from '../platform/workspace.ts';
import type { SealResult } from '../wire/messages.ts';
import type { BundleDesk } from './bundle-desk.ts';

/** The catalog of bundles: what lies in the slots, and what verification last said of it. */
export class Catalog {
  readonly #desk: BundleDesk;
  readonly #workspace: Workspace<BundleSummary>;

  constructor(desk: BundleDesk, workspace: Workspace<BundleSummary>) {
    this.#desk = desk;
    this.#workspace = workspace;
  }

  /** Seals a run, verifies it and lists it. */
  async seal(runId: string): Promise<SealResult> {
    const result = await this.#desk.seal(runId);
    try {
      await this.rebuild();
      if (result.ok) await this.#setIntegrity(runId, 'ok');
      else if (result.code === 'verification_failed') await this.#setIntegrity(runId, 'mismatch');
    } finally {
      this.#desk.sealEnded(runId);
    }
    return result;
  }

  async verify(runId: string, progress: (p: Progress) => void): Promise<VerifyReport> {
    const report = await this.#desk.verify(runId, progress);
    await this.#setIntegrity(runId, report.integrity);
    return report;
  }

  /** Replaces the catalog by what the slots hold; a verification's word stands while the root digest is the same. */
  async rebuild(): Promise<readonly BundleSummary[]> {
    const [found, known] = await Promise.all([this.#desk.list(), this.#workspace.bundles()]);
    const before = new Map(known.map((row) => [row.run_id, row]));
    const rows = found.map((row) => {
      const old = before.get(row.run_id);
      return old !== undefined && old.root_digest === row.root_digest
        ? { ...row, integrity_status: old.integrity_status }
        : row;
    });
    await this.#workspace.replaceBundles(rows);
    return this.#workspace.bundles();
  }

  async #setIntegrity(runId: string, integrity: BundleSummary['integrity_status']): Promise<void> {
    const row = (await this.#workspace.bundles()).find((other) => other.run_id === runId);
    if (row !== undefined) await this.#workspace.putBundle({ ...row, integrity_status: integrity });
  }
}

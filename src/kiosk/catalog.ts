import type { BundleSummary, Progress, VerifyReport } from '../bundle/types.ts';
import type { Workspace } from '../platform/workspace.ts';
import type { SealResult } from '../wire/messages.ts';
import type { BundleDesk } from './bundle-desk.ts';

type Desk = Pick<BundleDesk, 'seal' | 'sealEnded' | 'verify' | 'list'>;
/** Where the rows are kept. */
export type CatalogRows = Pick<Workspace<BundleSummary>, 'bundles' | 'changeBundle' | 'replaceBundles'>;

/** The catalog of bundles: what lies in the slots, and what verification last said of it. */
export class Catalog {
  readonly #desk: Desk;
  readonly #rows: CatalogRows;
  #restored: Promise<unknown> | null = null;

  constructor(desk: Desk, rows: CatalogRows) {
    this.#desk = desk;
    this.#rows = rows;
  }

  /** Newest first. An empty catalog is rebuilt once: the slots may hold bundles it has lost. */
  async bundles(): Promise<readonly BundleSummary[]> {
    const rows = await this.#rows.bundles();
    if (rows.length > 0) return rows;
    this.#restored ??= this.rebuild().catch((error: unknown) => {
      this.#restored = null;
      throw error;
    });
    await this.#restored;
    return this.#rows.bundles();
  }

  /** Seals a run, verifies it and lists it. */
  async seal(runId: string): Promise<SealResult> {
    const result = await this.#desk.seal(runId);
    try {
      await this.rebuild();
      if (result.ok) await this.#setIntegrity(runId, 'ok');
      else if (result.code === 'verification_failed') await this.#setIntegrity(runId, 'mismatch');
    } catch (error) {
      // The catalog can be rebuilt at any time; that the run is sealed must be told whatever becomes of it.
      reportError(error);
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

  /**
   * Replaces the catalog by what the slots hold. What a verification found stands while the root digest is the same;
   * a bundle that none is known of is listed as not checked.
   */
  async rebuild(): Promise<readonly BundleSummary[]> {
    const found = await this.#desk.list();
    await this.#rows.replaceBundles((known) => {
      const before = new Map(known.map((row) => [row.run_id, row]));
      return found.map((row) => {
        const old = before.get(row.run_id);
        return old !== undefined && old.root_digest === row.root_digest
          ? { ...row, integrity_status: old.integrity_status }
          : row;
      });
    });
    return this.#rows.bundles();
  }

  async #setIntegrity(runId: string, integrity: BundleSummary['integrity_status']): Promise<void> {
    await this.#rows.changeBundle(runId, (row) => ({ ...row, integrity_status: integrity }));
  }
}

/** Page ↔ bundle worker. Kept beside `bundle/` because only the page and the worker speak it. */
import type { BundleStatus, IntegrityStatus, RunStatus } from '../record/run-state.ts';

/** One member of a sealed bundle: where its bytes lie. */
export interface BundleMember {
  readonly path: string;
  readonly slot: string;
  /** From the start of the slot file, bytes. */
  readonly offset: number;
  readonly bytes: number;
  readonly sha256: string;
  readonly crc32: number;
}

/** Row of the catalog, column names of `spec/capa.md` §1.6. Rebuilt from slots at will. */
export interface BundleSummary {
  readonly run_id: string;
  readonly started_utc: string;
  readonly ended_utc: string | null;
  readonly operator_id: string;
  readonly sample_id: string;
  readonly procedure: string;
  readonly run_status: RunStatus;
  readonly bundle_status: BundleStatus;
  readonly integrity_status: IntegrityStatus;
  readonly schema_version: number;
  readonly root_digest: string | null;
  readonly bytes: number;
  readonly exit_reason: string | null;
  readonly tags_json: string;
  readonly summary_json: string;
}

export interface Progress {
  readonly phase: string;
  readonly bytesDone: number;
  readonly bytesTotal: number;
}

export interface VerifyReport {
  readonly integrity: IntegrityStatus;
  readonly rootDigest: string;
  readonly problems: readonly {
    readonly kind: 'missing' | 'extra' | 'digest_mismatch' | 'unreadable';
    readonly path: string;
    readonly detail: string;
  }[];
}

/** Seal → what the conductor is told; never throws for expected faults. */
export interface BundleControl {
  seal(
    runId: string,
    progress: (p: Progress) => void,
  ): Promise<
    | { readonly ok: true; readonly runId: string; readonly rootDigest: string }
    | { readonly ok: false; readonly runId: string; readonly code: string; readonly detail: string }
  >;
  verify(runId: string, progress: (p: Progress) => void): Promise<VerifyReport>;
  /** Sealed bundles found in the slots, newest first; `integrity_status` is `unknown` until one is verified. */
  list(): Promise<readonly BundleSummary[]>;
  /** Members in zip order (manifest first), for export and review. */
  members(runId: string): Promise<readonly BundleMember[]>;
}

/** Page → bundle worker, its first and only raw message: the port that carries `BundleControl` (`wire/call.ts`). */
export interface BundleStart {
  readonly type: 'start';
  readonly control: MessagePort;
  readonly buildHash: string;
}

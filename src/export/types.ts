import type { BundleMember, Progress } from '../bundle/types.ts';

/** What is exported: one sealed bundle, member by member, out of the slots. */
export interface ExportJob {
  readonly runId: string;
  /** In zip order, manifest first. */
  readonly members: readonly BundleMember[];
  /** Whole slot file; members lie at their offsets in it. Null when it is gone. */
  slotBlob(slot: string): Promise<Blob | null>;
  readonly progress: (progress: Progress) => void;
  readonly signal?: AbortSignal | undefined;
  /** Epoch ms, for the receipt. */
  utcMs(): number;
}

/** `verified` only after every byte was read back from the target and its digest compared. */
export type ExportOutcome =
  | {
      readonly ok: true;
      readonly kind: 'directory' | 'file';
      readonly target: string;
      readonly verified: true;
      readonly rootDigest: string;
      /** Text of the receipt. */
      readonly receipt: string;
    }
  | {
      readonly ok: true;
      readonly kind: 'download';
      readonly target: string;
      readonly verified: false;
      readonly rootDigest: string;
      readonly receipt: string;
    }
  | ExportFailure;

export interface ExportFailure {
  readonly ok: false;
  readonly code: 'cancelled' | 'full' | 'mismatch' | 'failed';
  readonly detail: string;
}

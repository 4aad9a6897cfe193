import type { BundleMember } from '../bundle/types.ts';
import { DIGEST_LIST_PATH } from '../formats/digest-list.ts';
import { jsonText } from '../formats/json-text.ts';
import { isoUtc } from '../record/clock.ts';

export interface ReceiptFacts {
  readonly runId: string;
  readonly members: readonly BundleMember[];
  readonly kind: 'directory' | 'file' | 'download';
  readonly target: string;
  readonly verified: boolean;
  readonly zipBytes: number;
  readonly exportedUtcMs: number;
}

/** SHA-256 of the bytes of `manifest.sha256` (`design.md` §5). */
export function rootDigestOf(members: readonly BundleMember[]): string {
  const list = members.find(({ path }) => path === DIGEST_LIST_PATH);
  if (list === undefined) throw new Error(`a bundle without ${DIGEST_LIST_PATH} is exported`);
  return list.sha256;
}

/** What went where, when, and the one digest that covers all of it: to be kept away from the bundle. */
export function formatReceipt(facts: ReceiptFacts): string {
  return jsonText({
    what: 'benchseal export receipt',
    run_id: facts.runId,
    root_digest: rootDigestOf(facts.members),
    root_digest_is: 'sha256 of manifest.sha256',
    exported_utc: isoUtc(facts.exportedUtcMs),
    kind: facts.kind,
    target: facts.target,
    verified: facts.verified,
    verified_means: facts.verified
      ? 'every byte was read back from the target and every digest compared'
      : 'nothing was read back: the browser does not say where a download went',
    members: facts.members.length,
    member_bytes: facts.members.reduce((sum, { bytes }) => sum + bytes, 0),
    zip_bytes: facts.zipBytes,
  });
}

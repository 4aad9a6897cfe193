import type { BundleMember, BundleSummary } from './types.ts';
import { fail, ok, type Result } from '../record/problem.ts';
import { jsonText, type JsonText } from '../formats/json-text.ts';
import * as v from 'valibot';

/** What stands behind the small members in the bundle slot: where every member's bytes are, and the catalog row. */
export interface MemberTable {
  readonly runId: string;
  readonly rootDigest: string;
  /** In zip order, manifest first. */
  readonly members: readonly BundleMember[];
  readonly summary: BundleSummary;
}

/** Note of a bundle slot's header: the one write that commits a seal. */
export interface BundleNote {
  readonly table_offset: number;
  readonly table_bytes: number;
  readonly table_sha256: string;
  readonly root_digest: string;
}

const member = v.strictObject({
  path: v.string(),
  slot: v.string(),
  offset: v.number(),
  bytes: v.number(),
  sha256: v.string(),
  crc32: v.number(),
});
const summary = v.strictObject({
  run_id: v.string(),
  started_utc: v.string(),
  ended_utc: v.nullable(v.string()),
  operator_id: v.string(),
  sample_id: v.string(),
  procedure: v.string(),
  run_status: v.picklist(['running', 'completed', 'aborted', 'crashed']),
  bundle_status: v.picklist(['open', 'finalizing', 'finalized_unverified', 'sealed', 'verification_failed']),
  integrity_status: v.picklist(['unknown', 'ok', 'mismatch', 'partial']),
  schema_version: v.number(),
  root_digest: v.nullable(v.string()),
  bytes: v.number(),
  exit_reason: v.nullable(v.string()),
  tags_json: v.string(),
  summary_json: v.string(),
});
const table = v.strictObject({
  version: v.literal(1),
  run_id: v.string(),
  root_digest: v.string(),
  members: v.array(member),
  summary,
});
const note = v.object({
  table_offset: v.number(),
  table_bytes: v.number(),
  table_sha256: v.string(),
  root_digest: v.string(),
});

export function formatMemberTable({ runId, rootDigest, members, summary: row }: MemberTable): string {
  const memberRows = members.map(({ path, slot, offset, bytes, sha256, crc32 }): JsonText => ({
    path,
    slot,
    offset,
    bytes,
    sha256,
    crc32,
  }));
  return jsonText({
    version: 1,
    run_id: runId,
    root_digest: rootDigest,
    members: memberRows,
    summary: { ...row },
  });
}

export function parseMemberTable(text: string): Result<MemberTable, string> {
  let raw: unknown;
  try {
    raw = JSON.parse(text);
  } catch {
    return fail('member table is not JSON');
  }
  const parsed = v.safeParse(table, raw);
  if (!parsed.success) return fail(`member table: ${parsed.issues[0].message}`);
  const { run_id, root_digest, members, summary: row } = parsed.output;
  return ok({ runId: run_id, rootDigest: root_digest, members, summary: row });
}

export function parseBundleNote(raw: unknown): Result<BundleNote, string> {
  const parsed = v.safeParse(note, raw);
  return parsed.success ? ok(parsed.output) : fail(`bundle header: ${parsed.issues[0].message}`);
}

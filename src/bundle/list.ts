import type { SlotHeader } from '../storage/slot.ts';
import type { SlotStore } from '../storage/slot-store.ts';
import { fail, type Result } from '../record/problem.ts';
import { Digester } from './digest.ts';
import { parseBundleNote, parseMemberTable, type MemberTable } from './member-table.ts';
import type { BundleSummary } from './types.ts';

/** Tables of all sealed bundles found in the slots; a table that cannot be vouched for is an error with its run. */
export async function readTables(
  slots: SlotStore,
): Promise<readonly { readonly runId: string; readonly table: Result<MemberTable, string> }[]> {
  const digester = await Digester.create();
  const headers = (await slots.scan()).filter(({ state }) => state === 'bundle');
  const tables = [];
  for (const header of headers)
    tables.push({ runId: header.runId ?? header.slot, table: await readTable(slots, header, digester) });
  return tables;
}

/** Table of one bundle; null when no sealed bundle has this run id. */
export async function tableOf(slots: SlotStore, runId: string): Promise<Result<MemberTable, string> | null> {
  const header = (await slots.scan()).find((slot) => slot.state === 'bundle' && slot.runId === runId);
  return header === undefined ? null : readTable(slots, header, await Digester.create());
}

async function readTable(
  slots: SlotStore,
  header: SlotHeader,
  digester: Digester,
): Promise<Result<MemberTable, string>> {
  const note = parseBundleNote(header.note);
  if (!note.ok) return note;
  const content = await slots.content(header.slot);
  if (content === null) return fail(`slot ${header.slot} is gone`);
  const { table_offset: from, table_bytes: length, table_sha256: expected } = note.value;
  const bytes = new Uint8Array(await content.slice(from, from + length).arrayBuffer());
  const found = digester.digestBytes(bytes).sha256;
  if (found !== expected) return fail(`member table: sha256 is ${found}, expected ${expected}`);
  return parseMemberTable(new TextDecoder().decode(bytes));
}

/**
 * Sealed bundles, newest first. Nothing of their content is read, so nothing is said of its integrity today: the `ok`
 * in the table is of the hour of the seal. One whose table is damaged is listed by what its header says.
 */
export async function listBundles(slots: SlotStore): Promise<readonly BundleSummary[]> {
  const tables = await readTables(slots);
  return tables
    .map(({ runId, table }) => (table.ok ? unchecked(table.value.summary) : damaged(runId, table.error)))
    .sort((a, b) => (a.run_id < b.run_id ? 1 : -1));
}

function unchecked(summary: BundleSummary): BundleSummary {
  return { ...summary, integrity_status: 'unknown' };
}

function damaged(runId: string, reason: string): BundleSummary {
  return {
    run_id: runId,
    started_utc: '',
    ended_utc: null,
    operator_id: '',
    sample_id: '',
    procedure: '',
    run_status: 'crashed',
    bundle_status: 'verification_failed',
    integrity_status: 'mismatch',
    schema_version: 0,
    root_digest: null,
    bytes: 0,
    exit_reason: reason,
    tags_json: '[]',
    summary_json: '{}',
  };
}

import { createSHA256 } from 'hash-wasm';
import { formatCalibrations } from '../formats/calibration-json.ts';
import { DIGEST_LIST_PATH, isSafePath } from '../formats/digest-list.ts';
import { formatEquipment } from '../formats/equipment.ts';
import { CHAIN_MEMBERS } from '../formats/events/chain.ts';
import {
  BUNDLE_SCHEMA_VERSION,
  formatManifest,
  MANIFEST_PATH,
  type FinalizeWarning,
  type ManifestFacts,
} from '../formats/manifest.ts';
import { formatReadme } from '../formats/readme-txt.ts';
import { logTimeNs } from '../record/clock.ts';
import type { Result } from '../record/problem.ts';
import type { Rig } from '../rig/rig.ts';
import { EVENTS_PATH, type BundleSource, type SourceSlot } from './bundle-source.ts';
import { rigOfConfig } from './config-rig.ts';
import { derive, type Derived } from './derive.ts';
import { Digester } from './digest.ts';
import { memberWords } from './member-words.ts';
import type { RunContent } from './run-content.ts';
import { readRunEvents, type RunEvents } from './run-events.ts';
import { deviceIdentities, manifestFacts, PROCEDURE_ID, textOf } from './run-facts.ts';
import type { StoredPlan } from './run-plan.ts';
import { SealError } from './seal-error.ts';
import { SealMembers } from './seal-members.ts';
import type { SealTools } from './seal.ts';
import type { ClaimSlot, Spool } from './spool.ts';
import type { BundleSummary, Progress } from './types.ts';

export interface MakeInput {
  readonly source: BundleSource;
  readonly plan: StoredPlan;
  readonly content: RunContent;
  readonly claim: ClaimSlot;
  readonly progress: (progress: Progress) => void;
}

/** All members, digested, not yet laid down. */
export interface MadeMembers {
  readonly runId: string;
  readonly rootDigest: string;
  readonly members: SealMembers;
  readonly spools: readonly Spool[];
  readonly summary: BundleSummary;
}

const EQUIPMENT_PATH = 'equipment.toml';
const CALIBRATION_PATH = 'calibration.json';
const README_PATH = 'README.txt';

export async function makeMembers(tools: SealTools, input: MakeInput): Promise<MadeMembers> {
  const { source, plan, content } = input;
  const events = await readEvents(tools, source.events, content);
  const rig = rigOfConfig(textOf(content.attachments, 'config.toml'), tools.declarations);
  const derived = await deriveAll(tools, input, rig.ok ? rig.value : null);
  const members = new SealMembers(await Digester.create());
  const spools = [...content.copies, ...derived.spools];
  for (const spool of spools) await members.addSpool(spool);
  await addOriginals(members, input);
  const warnings = addAttachments(members, content, rig);
  if (rig.ok) {
    members.addText(
      EQUIPMENT_PATH,
      formatEquipment(rig.value.name, deviceIdentities(rig.value, events, derived)),
    );
    members.addText(CALIBRATION_PATH, formatCalibrations(rig.value));
  }
  const facts = manifestFacts({
    runId: source.runId,
    plan,
    content,
    events,
    derived,
    rig: rig.ok ? rig.value : null,
    sealedBy: tools.build,
    warnings,
  });
  members.addText(README_PATH, readme(facts, members));
  members.addText(MANIFEST_PATH, formatManifest(facts));
  const rootDigest = members.addDigestList();
  return { runId: source.runId, rootDigest, members, spools, summary: summaryOf(facts, rootDigest) };
}

async function readEvents(tools: SealTools, slot: SourceSlot, content: RunContent): Promise<RunEvents> {
  const file = await tools.slots.openSlot(slot.slot);
  if (file === null) throw new SealError('slot_busy', `${EVENTS_PATH} is held by another`);
  const hasher = await createSHA256();
  const sha256 = (bytes: Uint8Array) => hasher.init().update(bytes).digest('binary');
  const bound = Object.fromEntries(
    CHAIN_MEMBERS.flatMap((path) => {
      const text = textOf(content.attachments, path);
      return text === undefined ? [] : [[path, text]];
    }),
  );
  try {
    const database = await tools.sqlite.openReadOnly(file);
    try {
      return await readRunEvents(database, bound, sha256);
    } finally {
      await database.close();
    }
  } catch (error) {
    throw new SealError('events_unreadable', error instanceof Error ? error.message : String(error));
  } finally {
    file.close();
  }
}

function deriveAll(tools: SealTools, input: MakeInput, rig: Rig | null): Promise<Derived> {
  const { plan, content, source, progress } = input;
  const bytesTotal = source.parts.reduce((sum, { bytes }) => sum + bytes, 0);
  const startNs = logTimeNs(0, plan.zero);
  const spanNs = content.parts.reduce((most, { endNs }) => Math.max(most, Number(endNs - startNs)), 1);
  return derive({
    parts: content.parts,
    zero: plan.zero,
    rig,
    schemas: tools.declarations,
    log: {
      runId: source.runId,
      operatorId: plan.operator.id,
      procedureId: plan.session['procedure'] ?? PROCEDURE_ID,
    },
    sqlite: tools.sqlite,
    claim: input.claim,
    onProgress: (tMonoNs) =>
      progress({
        phase: 'derive',
        bytesDone: Math.round(Math.min(1, tMonoNs / spanNs) * bytesTotal),
        bytesTotal,
      }),
  });
}

/** Journal parts, the events, and whatever else the recorder closed: bytes as they are. */
async function addOriginals(members: SealMembers, { source, content, progress }: MakeInput): Promise<void> {
  const all = [
    ...content.originals,
    { source: source.events, path: source.events.path },
    ...source.others.map((other) => ({ source: other, path: other.path })),
  ];
  const bytesTotal = all.reduce((sum, { source: slot }) => sum + slot.bytes, 0);
  let bytesDone = 0;
  for (const { source: slot, path } of all)
    await members.addSource(slot, path, (bytes) => {
      bytesDone += bytes;
      progress({ phase: 'digest', bytesDone, bytesTotal });
    });
}

/** Texts fixed when the run was opened. Two of them are written anew with what the run found out. */
function addAttachments(
  members: SealMembers,
  content: RunContent,
  rig: Result<Rig, string>,
): readonly FinalizeWarning[] {
  const taken = new Set([
    ...members.paths(),
    ...(rig.ok ? [EQUIPMENT_PATH, CALIBRATION_PATH] : []),
    README_PATH,
    MANIFEST_PATH,
    DIGEST_LIST_PATH,
  ]);
  const warnings: FinalizeWarning[] = rig.ok
    ? []
    : [{ path: 'config.toml', reason: `not read, so there are no scalars: ${rig.error}` }];
  for (const [path, bytes] of content.attachments) {
    if (isSafePath(path) && !taken.has(path)) members.addSmall(path, bytes);
    else if (path !== EQUIPMENT_PATH && path !== CALIBRATION_PATH)
      warnings.push({ path, reason: 'attachment left out: its name is not free' });
  }
  return warnings;
}

function readme(facts: ManifestFacts, members: SealMembers): string {
  const paths = [MANIFEST_PATH, DIGEST_LIST_PATH, README_PATH, ...members.paths()];
  return formatReadme({
    runId: facts.runId,
    sampleId: facts.sampleId,
    operator: `${facts.operator.displayName} (${facts.operator.id})`,
    startedUtc: facts.startedUtc,
    endedUtc: facts.endedUtc,
    runStatus: facts.outcome.runStatus,
    exitReason: facts.outcome.exitReason,
    members: paths.map((path) => ({ path, what: memberWords(path) })),
  });
}

/** Row of the catalog (`spec/capa.md` §1.6). `bytes` is filled in when everything has its place. */
function summaryOf(facts: ManifestFacts, rootDigest: string): BundleSummary {
  return {
    run_id: facts.runId,
    started_utc: facts.startedUtc,
    ended_utc: facts.endedUtc,
    operator_id: facts.operator.id,
    sample_id: facts.sampleId,
    procedure: facts.procedure.id,
    run_status: facts.outcome.runStatus,
    bundle_status: 'sealed',
    integrity_status: 'ok',
    schema_version: BUNDLE_SCHEMA_VERSION,
    root_digest: rootDigest,
    bytes: 0,
    exit_reason: facts.outcome.exitReason,
    tags_json: '[]',
    summary_json: JSON.stringify({ queue_health: facts.queueHealth }),
  };
}

import type { BuildIdentity } from '../formats/manifest.ts';
import type { RigDeclarations } from '../rig/declaration.ts';
import type { DeviceSchemas } from '../rig/device-schema.ts';
import type { SlotStore } from '../storage/slot-store.ts';
import type { SqliteFiles } from '../storage/sqlite-files.ts';
import { openBundleSource, type BundleSource } from './bundle-source.ts';
import { DraftSlots } from './draft-slots.ts';
import { makeMembers, type MadeMembers } from './make-members.ts';
import { DamagedPart, openRunContent, readPlan, type Codec } from './run-content.ts';
import { SealError } from './seal-error.ts';
import { slotMembers } from './slot-members.ts';
import type { Progress } from './types.ts';
import { verifyBundle } from './verify.ts';

export interface SealTools {
  readonly slots: SlotStore;
  readonly sqlite: SqliteFiles;
  /** Families of this build, for columns, samples and the rig. */
  readonly declarations: DeviceSchemas & RigDeclarations;
  readonly codec: Codec;
  readonly build: BuildIdentity;
  readonly sleep: (ms: number) => Promise<void>;
}

type OnProgress = (progress: Progress) => void;

/**
 * Seals a closed run: a pure function of its slots (`design.md` §3.7–3.10). Nothing exists until the last header write;
 * on any failure the slots taken are spare again. Throws `SealError`; returns the root digest.
 */
export async function sealRun(tools: SealTools, runId: string, progress: OnProgress): Promise<string> {
  const torn = new Set<string>();
  for (;;) {
    const source = await openBundleSource(tools.slots, runId);
    for (const slot of source.leftovers) await tools.slots.free(slot);
    try {
      return await attempt(tools, source, torn, progress);
    } catch (error) {
      // Each turn adds a part, so there are at most as many turns as parts.
      if (!(error instanceof DamagedPart) || torn.has(error.path)) throw error;
      torn.add(error.path);
    }
  }
}

async function attempt(
  tools: SealTools,
  source: BundleSource,
  torn: ReadonlySet<string>,
  progress: OnProgress,
): Promise<string> {
  const plan = await readPlan(source, tools.codec.decompress);
  const drafts = new DraftSlots(tools.slots, {
    runId: source.runId,
    isYoungFine: plan.waiver !== 'none',
    sleep: tools.sleep,
    onWait: (waitMs) => progress({ phase: 'waiting for aged slots', bytesDone: waitMs, bytesTotal: 60_000 }),
  });
  try {
    const content = await openRunContent(source, tools.codec, { torn, claim: drafts.claim });
    const made = await makeMembers(tools, { source, plan, content, claim: drafts.claim, progress });
    return await layDown(tools, made, drafts, progress);
  } catch (error) {
    await drafts.release();
    throw error;
  }
}

/** Writes the bundle slot, ends every slot, reads all of it back another way, and only then commits. */
async function layDown(
  tools: SealTools,
  made: MadeMembers,
  drafts: DraftSlots,
  progress: OnProgress,
): Promise<string> {
  const { runId, rootDigest, summary } = made;
  const bundleSlot = await drafts.claim('bundle');
  const { members, note, bytes } = made.members.writeBundleSlot(bundleSlot, { runId, rootDigest, summary });
  for (const spool of made.spools) if (spool.slot !== null) drafts.end(spool.slot, 'member', spool.getSize());
  drafts.end(bundleSlot, 'draft', bytes, { ...note });
  const found = await verifyBundle(slotMembers(tools.slots, members), {
    rootDigest,
    progress,
    bytesTotal: members.reduce((sum, member) => sum + member.bytes, 0),
  });
  const [problem] = found.problems;
  if (problem !== undefined)
    throw new SealError('read_back', `${problem.path}: ${problem.kind}, ${problem.detail}`);
  await drafts.commit(bundleSlot);
  return rootDigest;
}

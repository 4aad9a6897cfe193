import { PartReader } from '../formats/journal/part-reader.ts';
import type { Decompress } from '../formats/journal/part-source.ts';
import type { SlotHeader } from '../storage/slot.ts';
import type { SlotStore } from '../storage/slot-store.ts';
import { windowSource } from './window-source.ts';
import { SealError } from './seal-error.ts';

/** Content of a slot that the recorder left behind. */
export interface SourceSlot {
  readonly slot: string;
  readonly path: string;
  readonly bytes: number;
  readonly content: Blob;
}

/** All that the slots hold of a run that is not sealed. */
export interface BundleSource {
  readonly runId: string;
  /** Journal parts in the order of their paths. */
  readonly parts: readonly SourceSlot[];
  readonly events: SourceSlot;
  /** Anything else the recorder put there: taken into the bundle as it is. */
  readonly others: readonly SourceSlot[];
  /** Slots of a seal that did not commit. */
  readonly leftovers: readonly string[];
}

export const EVENTS_PATH = 'events.sqlite';
const PART = /^mcap\/.*\.mcap$/;

export async function openBundleSource(slots: SlotStore, runId: string): Promise<BundleSource> {
  const headers = (await slots.scan()).filter((header) => header.runId === runId);
  if (headers.some(({ state }) => state === 'bundle'))
    throw new SealError('already_sealed', `run ${runId} is sealed; a seal is never made anew`);
  const kept: SourceSlot[] = [];
  const leftovers: string[] = [];
  for (const header of headers) {
    if (header.state === 'draft' || header.state === 'member') leftovers.push(header.slot);
    else if (header.state === 'open')
      throw new SealError('run_open', `${header.path ?? header.slot} is still open`);
    else if (header.state === 'closed') kept.push(await sourceSlot(slots, header));
  }
  const events = kept.find(({ path }) => path === EVENTS_PATH);
  if (kept.length === 0) throw new SealError('not_found', `no slot belongs to run ${runId}`);
  if (events === undefined) throw new SealError('events_missing', `run ${runId} has no ${EVENTS_PATH}`);
  // Part 10 comes after part 2.
  const order = new Intl.Collator('en', { numeric: true });
  kept.sort((a, b) => order.compare(a.path, b.path));
  return {
    runId,
    parts: kept.filter(({ path }) => PART.test(path)),
    events,
    others: kept.filter(({ path }) => path !== EVENTS_PATH && !PART.test(path)),
    leftovers,
  };
}

async function sourceSlot(slots: SlotStore, header: SlotHeader): Promise<SourceSlot> {
  const content = await slots.content(header.slot);
  const { slot, path, bytes } = header;
  if (content === null || path === null)
    throw new SealError('not_found', `slot ${slot} (${path ?? 'no path'}) is gone`);
  if (content.size !== bytes)
    throw new SealError('journal_unreadable', `${path}: ${content.size} of ${bytes} bytes are there`);
  return { slot, path, bytes, content };
}

/** Chunks that overlap in time are in memory together (`design.md` §5). */
const OVERLAP_BYTES_MAX = 64 * 1024 * 1024;

/** Null when the part has no valid end: it is torn. */
export async function openPart(part: Blob, decompress: Decompress): Promise<PartReader | null> {
  let reader: PartReader;
  try {
    reader = await PartReader.open(windowSource(part), decompress);
  } catch {
    return null;
  }
  const overlap = overlapBytes(reader);
  if (overlap > OVERLAP_BYTES_MAX)
    throw new SealError(
      'chunks_overlap',
      `chunks of ${overlap} bytes overlap, the bound is ${OVERLAP_BYTES_MAX}`,
    );
  return reader;
}

/** Most bytes of chunks that are open at one instant when the part is read in time order. */
export function overlapBytes(reader: Pick<PartReader, 'chunkIndexes'>): number {
  const edges = reader.chunkIndexes.flatMap(({ messageStartTime, messageEndTime, uncompressedSize }) => [
    { at: messageStartTime, bytes: Number(uncompressedSize) },
    { at: messageEndTime, bytes: -Number(uncompressedSize) },
  ]);
  edges.sort((a, b) => (a.at < b.at ? -1 : a.at > b.at ? 1 : b.bytes - a.bytes));
  let open = 0;
  let most = 0;
  for (const { bytes } of edges) {
    open += bytes;
    most = Math.max(most, open);
  }
  return most;
}

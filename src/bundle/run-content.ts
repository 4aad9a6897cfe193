import { JOURNAL_METADATA, TOPIC } from '../formats/journal/item.ts';
import { PartReader, type PartItem } from '../formats/journal/part-reader.ts';
import type { Decompress } from '../formats/journal/part-source.ts';
import type { Compress } from '../formats/journal/part-writer.ts';
import type { FinalizeWarning } from '../formats/manifest.ts';
import { readTail } from '../formats/journal/tail.ts';
import { windowSource } from './window-source.ts';
import { openPart, type BundleSource, type SourceSlot } from './bundle-source.ts';
import type { OrderedPart } from './journal-order.ts';
import { parsePlan, type StoredPlan } from './run-plan.ts';
import { evidencePath, salvageInto } from './salvage-part.ts';
import { SealError } from './seal-error.ts';
import { Spool, type ClaimSlot } from './spool.ts';

export interface Codec {
  readonly decompress: Decompress;
  readonly compress: Compress;
}

/** The journal of a run, every part readable: whole ones as they are, torn ones as an indexed copy. */
export interface RunContent {
  readonly parts: readonly OrderedPart[];
  /** Where each original becomes a member. */
  readonly originals: readonly { readonly source: SourceSlot; readonly path: string }[];
  readonly copies: readonly Spool[];
  readonly journal: readonly { readonly path: string; readonly bytes: number; readonly messages: number }[];
  /** Attachments by path: `config.toml`, `env/build.json`, `prerun.log`, … */
  readonly attachments: ReadonlyMap<string, Uint8Array>;
  readonly warnings: readonly FinalizeWarning[];
}

/** A part that looked whole proved damaged in the middle: it must be salvaged. */
export class DamagedPart extends Error {
  readonly path: string;
  constructor(path: string, cause: unknown) {
    super(`${path}: ${cause instanceof Error ? cause.message : String(cause)}`);
    this.name = 'DamagedPart';
    this.path = path;
  }
}

interface Opened {
  readonly path: string;
  readonly reader: PartReader;
  readonly bytes: number;
}

export async function openRunContent(
  source: BundleSource,
  codec: Codec,
  options: { readonly torn: ReadonlySet<string>; readonly claim: ClaimSlot },
): Promise<RunContent> {
  const opened: Opened[] = [];
  const originals: { source: SourceSlot; path: string }[] = [];
  const copies: Spool[] = [];
  const warnings: FinalizeWarning[] = [];
  for (const part of source.parts) {
    const whole = options.torn.has(part.path) ? null : await openPart(part.content, codec.decompress);
    originals.push({ source: part, path: whole === null ? evidencePath(part.path) : part.path });
    if (whole !== null) {
      opened.push({ path: part.path, reader: whole, bytes: part.bytes });
      continue;
    }
    const { spool, losses } = await salvageInto(new Spool(part.path, options.claim), part, codec);
    copies.push(spool);
    const reader = await PartReader.open(spoolSource(spool), codec.decompress);
    opened.push({ path: part.path, reader, bytes: spool.getSize() });
    const lost = losses.length === 0 ? 'nothing but the index was lost' : losses.join('; ');
    warnings.push({
      path: part.path,
      reason: `torn: indexed copy, original in ${evidencePath(part.path)}; ${lost}`,
    });
  }
  return {
    parts: opened.flatMap((part) => orderedPart(part)),
    journal: opened.map(({ path, bytes, reader }) => ({
      path,
      bytes,
      messages: Number(reader.statistics?.messageCount ?? 0n),
    })),
    attachments: await readAttachments(opened),
    originals,
    copies,
    warnings,
  };
}

/** What was fixed when the run was opened, out of the first part that still says it; also when it is torn. */
export async function readPlan(source: BundleSource, decompress: Decompress): Promise<StoredPlan> {
  for (const { content } of source.parts) {
    const reader = await openPart(content, decompress);
    const metadata =
      reader === null
        ? (await readTail(windowSource(content), decompress)).metadata
        : await reader.metadata();
    const json = metadata.get(JOURNAL_METADATA.plan)?.get('json');
    if (json === undefined) continue;
    const plan = parsePlan(json);
    if (plan.ok) return plan.value;
    throw new SealError('plan_missing', plan.error);
  }
  throw new SealError('plan_missing', 'no journal part says what run this was');
}

/** Attachments at the head of the parts; the first of a name counts. */
async function readAttachments(opened: readonly Opened[]): Promise<Map<string, Uint8Array>> {
  const attachments = new Map<string, Uint8Array>();
  for (const { reader } of opened)
    for (const [path, bytes] of await reader.attachments())
      if (!attachments.has(path)) attachments.set(path, bytes);
  return attachments;
}

function orderedPart({ path, reader }: Opened): readonly OrderedPart[] {
  if (reader.statistics === undefined || reader.statistics.messageCount === 0n) return [];
  const { messageStartTime: startNs, messageEndTime: endNs } = reader.statistics;
  return [{ path, startNs, endNs, items: () => itemsOf(path, reader) }];
}

/** Nothing is derived from wire bytes: they are half of all messages and need not be decoded. */
function derivedTopics(reader: PartReader): readonly string[] {
  const topics = new Set([...reader.channels.values()].map(({ topic }) => topic));
  return [...topics].filter((topic) => !topic.startsWith(TOPIC.wire('')));
}

async function* itemsOf(path: string, reader: PartReader): AsyncGenerator<PartItem, void, void> {
  try {
    yield* reader.items({ topics: derivedTopics(reader) });
  } catch (cause) {
    throw new DamagedPart(path, cause);
  }
}

function spoolSource(spool: Spool): {
  readonly size: number;
  read(offset: number, length: number): Promise<Uint8Array>;
} {
  return {
    size: spool.getSize(),
    read: (offset, length) => {
      const into = new Uint8Array(length);
      const read = spool.read(into, { at: offset });
      if (read === length) return Promise.resolve(into);
      return Promise.reject(new RangeError(`${spool.path}: read ${read} of ${length} bytes at ${offset}`));
    },
  };
}

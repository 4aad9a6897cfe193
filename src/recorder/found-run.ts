import type { RunZero } from '../record/clock.ts';
import type { Ack } from '../record/producer.ts';
import { JOURNAL_METADATA } from '../formats/journal/item.ts';
import { scanPart } from '../formats/journal/part-scan.ts';
import type { PartSource } from '../formats/journal/part-source.ts';
import { readTail, tailAcks } from '../formats/journal/tail.ts';
import type { PartTail } from '../formats/journal/tail.ts';
import type { SlotHeader } from '../storage/slot.ts';
import type { RunPlan, StoredRun } from '../wire/messages.ts';
import { isoUtc } from '../record/clock.ts';
import { EVENTS_PATH } from './run-id.ts';
import type { RecorderTools } from './tools.ts';

const HELD_RETRY_MS = 50;
const HELD_TRIES = 60;

/** What an unfinished run left in the slots. */
export interface FoundRun {
  readonly runId: string;
  readonly plan: RunPlan;
  /** Data lanes in the journal. */
  readonly have: readonly Ack[];
  readonly nextIndex: number;
  /** Latest `log_time` of each producer's device in the last parts, ns from zero. */
  readonly lastMonoNsByDevice: ReadonlyMap<string, number>;
}

type Members = readonly SlotHeader[];

export function byRun(headers: readonly SlotHeader[]): Map<string, SlotHeader[]> {
  const runs = new Map<string, SlotHeader[]>();
  for (const header of headers) {
    if (header.runId === null) continue;
    runs.set(header.runId, [...(runs.get(header.runId) ?? []), header]);
  }
  return runs;
}

const isClosedEvents = (header: SlotHeader): boolean =>
  header.path === EVENTS_PATH && header.state === 'closed';

export function storedRun(runId: string, members: Members, openRunId: string | null): StoredRun {
  const note = members.find(({ note }) => typeof note['zero_utc_ms'] === 'number')?.note ?? {};
  const zero: RunZero | null =
    typeof note['zero_utc_ms'] === 'number' && typeof note['zero_host_ms'] === 'number'
      ? { hostMs: note['zero_host_ms'], utcMs: note['zero_utc_ms'] }
      : null;
  const state = members.some((header) => header.state === 'bundle')
    ? 'sealed'
    : runId === openRunId
      ? 'open'
      : members.some(isClosedEvents)
        ? 'closed'
        : 'torn';
  return {
    runId,
    state,
    zero,
    startedUtc: zero === null ? null : isoUtc(zero.utcMs),
    sampleId: typeof note['sample_id'] === 'string' ? note['sample_id'] : null,
  };
}

/** Runs without a closed `events.sqlite` and without a seal, newest first. */
export function unfinishedRuns(headers: readonly SlotHeader[]): string[] {
  return [...byRun(headers)]
    .map(([runId, members]) => storedRun(runId, members, null))
    .filter(({ state }) => state === 'torn')
    .sort((a, b) => (b.zero?.utcMs ?? 0) - (a.zero?.utcMs ?? 0))
    .map(({ runId }) => runId);
}

/**
 * Ends what a dead worker left open and reads how far it came: only record headers and the last chunks are read.
 * Null when the slots of this run say nothing (no part has a head); they are freed then.
 */
export async function loadFoundRun(tools: RecorderTools, runId: string): Promise<FoundRun | null> {
  const { slots } = tools;
  let plan: RunPlan | null = null;
  const tails: PartTail[] = [];
  let nextIndex = 1;
  let isComplete = false;
  const members = slots.members(runId).filter(({ state }) => state === 'open' || state === 'closed');
  for (const header of [...members].reverse()) {
    if (header.path === EVENTS_PATH) {
      await slots.free(header.slot);
      continue;
    }
    const source = blobSource((await slots.content(header.slot)) ?? new Blob());
    // Before the slot is ended: a blob ends with the next write to its file.
    plan = (await readPlan(source, tools)) ?? plan;
    nextIndex = Math.max(nextIndex, Number(header.note['part'] ?? 0) + 1);
    if (!isComplete || header.state === 'open') {
      const tail = await readTail(source, tools.decompress);
      await endPart(tools, header, tail);
      tails.push(tail);
      isComplete = tail.metadata.has(JOURNAL_METADATA.part);
    }
  }
  if (plan === null) {
    for (const header of members) await slots.free(header.slot);
    return null;
  }
  return {
    runId,
    plan,
    nextIndex,
    have: mergedAcks(tails),
    lastMonoNsByDevice: lastByDevice(tails, plan.zero),
  };
}

/** An open part becomes `closed` as it is, with `torn` when it has no end; an empty one is freed. */
async function endPart(tools: RecorderTools, header: SlotHeader, tail: PartTail): Promise<void> {
  if (header.state !== 'open') return;
  for (let tries = 0; tries < HELD_TRIES; tries++) {
    const file = await tools.slots.openSlot(header.slot);
    if (file === null) {
      await tools.clock.sleep(HELD_RETRY_MS);
      continue;
    }
    if (tail.metadata.size === 0 && tail.channels.length === 0) {
      file.close();
      await tools.slots.free(header.slot);
    } else {
      file.closeAs('closed', file.getSize(), { note: { ...header.note, torn: !tail.complete } });
    }
    return;
  }
  throw new Error(`${header.path ?? header.slot} is held by another worker`);
}

/** Plan and members out of a part's head; null when it has none. */
async function readPlan(source: PartSource, tools: RecorderTools): Promise<RunPlan | null> {
  let plan: RunPlan | null = null;
  const members: [string, string][] = [];
  for await (const found of scanPart(source, { decompress: tools.decompress, verify: false })) {
    if (found.type === 'metadata' && found.metadata.name === JOURNAL_METADATA.plan) {
      // Written by `run-parts.ts`; the record stands in a slot we made.
      plan = JSON.parse(found.metadata.metadata.get('json') ?? 'null') as RunPlan | null;
    } else if (found.type === 'attachment')
      members.push([found.attachment.name, new TextDecoder().decode(found.attachment.data)]);
    else if (found.type === 'chunk' || found.type === 'end') break;
  }
  return plan === null ? null : { ...plan, members: Object.fromEntries(members) };
}

function mergedAcks(tails: readonly PartTail[]): Ack[] {
  const upTo = new Map<string, number>();
  for (const tail of tails) {
    const json = tail.metadata.get(JOURNAL_METADATA.part)?.get('have') ?? '[]';
    for (const ack of [...tailAcks(tail.channels), ...(JSON.parse(json) as Ack[])])
      upTo.set(ack.producer, Math.max(ack.upTo, upTo.get(ack.producer) ?? 0));
  }
  return [...upTo].map(([producer, last]) => ({ producer, lane: 'data', upTo: last }));
}

function lastByDevice(tails: readonly PartTail[], zero: RunZero): Map<string, number> {
  const last = new Map<string, number>();
  const zeroNs = BigInt(Math.round(zero.utcMs)) * 1_000_000n;
  for (const { channels } of tails)
    for (const { producer, logTimeNs } of channels) {
      const device = producer.slice(0, producer.lastIndexOf('/'));
      last.set(device, Math.max(Number(logTimeNs - zeroNs), last.get(device) ?? 0));
    }
  return last;
}

function blobSource(blob: Blob): PartSource {
  return {
    size: blob.size,
    read: async (offset, length) => new Uint8Array(await blob.slice(offset, offset + length).arrayBuffer()),
  };
}

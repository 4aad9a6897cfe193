import { isoUtc, logTimeNs } from '../record/clock.ts';
import type { HostMs } from '../record/clock.ts';
import type { Ack } from '../record/producer.ts';
import { JOURNAL_METADATA } from '../formats/journal/item.ts';
import type { Compress } from '../formats/journal/part-writer.ts';
import type { SlotHeader } from '../storage/slot.ts';
import type { SlotStore } from '../storage/slot-store.ts';
import type { RunPlan } from '../wire/messages.ts';
import { JournalPart } from './journal-part.ts';
import type { PartKeeper } from './journal-part.ts';
import { partPath } from './run-id.ts';

export interface RunPartsOptions {
  readonly slots: SlotStore;
  readonly compress: Compress;
  readonly runId: string;
  readonly plan: RunPlan;
  /** Index of the next part, from 1. */
  readonly nextIndex: number;
  readonly buildHash: string;
  hostMs(): HostMs;
  utcMs(): number;
  /** A part was opened; `young` when only the waiver allowed its slot. */
  opened(part: { readonly path: string; readonly index: number; readonly young: boolean }): void;
  /** No spare is old enough. */
  slotsLow(): void;
}

/** Facts of the run in a slot header, so that a list of runs needs headers only. */
export function runNote(plan: RunPlan): SlotHeader['note'] {
  return {
    run_uuid: plan.runUuid,
    zero_host_ms: plan.zero.hostMs,
    zero_utc_ms: plan.zero.utcMs,
    sample_id: plan.sampleId.slice(0, 200),
    waiver: plan.waiver,
  };
}

const MEDIA: { readonly [extension: string]: string } = {
  json: 'application/json',
  toml: 'application/toml',
  log: 'application/x-ndjson',
};

/** The parts of one run in slots, with their heads: session, part, plan; members in the first one. */
export class RunParts implements PartKeeper {
  readonly #options: RunPartsOptions;
  #index: number;
  #previousPath = '';

  constructor(options: RunPartsOptions) {
    this.#options = options;
    this.#index = options.nextIndex;
  }

  async next(have: readonly Ack[]): Promise<JournalPart | null> {
    return this.open(have, {});
  }

  /** `members`: path → text, as attachments. */
  async open(
    have: readonly Ack[],
    members: { readonly [path: string]: string },
  ): Promise<JournalPart | null> {
    const { slots, plan, runId, compress } = this.#options;
    const path = partPath(plan.runUuid, plan.zero.utcMs, this.#index);
    const file = await slots.claim({
      state: 'open',
      runId,
      path,
      note: { part: this.#index, ...runNote(plan) },
      allowYoung: plan.waiver !== 'none',
    });
    if (file === null) {
      this.#options.slotsLow();
      return null;
    }
    const part = new JournalPart(file, {
      compress,
      limits: { bytesMax: plan.partBytesMax, minutesMax: plan.partMinutesMax },
      openedMs: this.#options.hostMs(),
    });
    try {
      this.#writeHead(part, have, members);
      part.flush();
    } catch (error) {
      file.close();
      await slots.free(file.header.slot);
      throw error;
    }
    this.#options.opened({ path, index: this.#index, young: !slots.isAged(file.header) });
    this.#previousPath = path;
    this.#index++;
    return part;
  }

  #writeHead(part: JournalPart, have: readonly Ack[], members: { readonly [path: string]: string }): void {
    const { plan, runId, buildHash } = this.#options;
    const { writer } = part;
    writer.addMetadata(JOURNAL_METADATA.session, {
      ...plan.session,
      session_id: plan.runUuid,
      run_id: runId,
      build_hash: buildHash,
      timestamp: isoUtc(plan.zero.utcMs),
    });
    writer.addMetadata(JOURNAL_METADATA.part, {
      index: String(this.#index),
      previous_file: this.#previousPath,
      opened_utc: isoUtc(this.#options.utcMs()),
      zero_host_ms: String(plan.zero.hostMs),
      zero_utc_ms: String(plan.zero.utcMs),
      have: JSON.stringify(have),
    });
    writer.addMetadata(JOURNAL_METADATA.plan, {
      run_id: runId,
      json: JSON.stringify({ ...plan, members: {} }),
    });
    for (const [name, text] of Object.entries(members))
      writer.addAttachment({
        name,
        mediaType: MEDIA[name.split('.').at(-1) ?? ''] ?? 'text/plain',
        logTimeNs: logTimeNs(0, plan.zero),
        data: new TextEncoder().encode(text),
      });
  }
}

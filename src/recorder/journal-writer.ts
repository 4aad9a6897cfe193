import { logTimeNs } from '../record/clock.ts';
import type { HostMs, RunZero } from '../record/clock.ts';
import type { DataEnvelope, DataItem } from '../record/item.ts';
import type { Ack } from '../record/producer.ts';
import { MESSAGE_ENCODING, channelMetadata, encodeItem } from '../formats/journal/messages.ts';
import type { EncodedMessage, FamilyUnits } from '../formats/journal/messages.ts';
import type { ChannelDefinition } from '../formats/journal/part-writer.ts';
import { journalSchema } from '../formats/journal/schemas.ts';
import type { DeviceSchemas } from '../rig/device-schema.ts';
import type { JournalPart, PartKeeper } from './journal-part.ts';
import { Lanes } from './lanes.ts';

export const CHUNK_MS = 250;
export const CHUNK_BYTES = 256 * 1024;
/** Under load: fewer, larger chunks cost less (`spec/pipeline-measured.md` §2). */
const CHUNK_BYTES_LOADED = 512 * 1024;
const LOADED_BYTES_PER_S = 4 * CHUNK_BYTES;
const RETRY_MS = 1000;

export interface JournalOptions {
  readonly zero: RunZero;
  readonly schemas: DeviceSchemas;
  readonly units: FamilyUnits;
  /** Data lanes recorded in earlier parts. */
  readonly have: readonly Ack[];
  readonly parts: PartKeeper;
  hostMs(): HostMs;
  /** After `flush()` returned, and again for data that was there already. */
  flushed(acks: readonly Ack[]): void;
  /** A write failed (null: it works again). The bytes are kept and tried again, producers wait. */
  failed(error: unknown): void;
  /** Something before an envelope is missing: it was not taken, its holder must send again. */
  holed(): void;
}

/**
 * The journal of one run: items into chunks, chunks into parts. A chunk closes 250 ms after its first message, at
 * 256 KiB, or when told, and is flushed at once; only then is it acknowledged.
 */
export class JournalWriter {
  readonly #options: JournalOptions;
  readonly #lanes: Lanes;
  /** Highest number of each producer in the open chunk. */
  readonly #open = new Map<string, number>();
  #part: JournalPart | null;
  /** Full, flushed, and without the footer that the disk refused: the close tries again. */
  #unended: JournalPart[] = [];
  #timer: ReturnType<typeof setTimeout> | undefined;
  #blocked: Promise<void> | null = null;
  #closing = false;
  #closed = false;
  #chunkOpenedMs: HostMs = 0;
  #recorded = 0;
  /** In the open chunk: not recorded before it is flushed. */
  #openItems = 0;
  #bytesBefore = 0;
  #lastFlushMs: HostMs | null = null;
  /** What the disk refused last and has not taken since. */
  #refused: 'flush' | 'part' | null = null;
  #rotateAtMs: HostMs = -Infinity;

  /** `part`: the first one, already open; null = opened at the first item (a continued run). */
  constructor(options: JournalOptions, part: JournalPart | null) {
    this.#options = options;
    this.#lanes = new Lanes('data', options.have, true);
    this.#part = part;
  }

  get have(): readonly Ack[] {
    return this.#lanes.acks();
  }
  /** Items flushed by this worker. */
  get recorded(): number {
    return this.#recorded;
  }
  /** Bytes of the parts written by this worker. */
  get bytes(): number {
    return this.#bytesBefore + (this.#part?.bytes ?? 0);
  }
  get partPath(): string | null {
    return this.#part?.path ?? null;
  }
  get lastFlushMs(): HostMs | null {
    return this.#lastFlushMs;
  }
  get holes(): number {
    return this.#lanes.holes;
  }

  /** Waits only while the disk refuses, or while a part is opened. */
  add(envelope: DataEnvelope): void | Promise<void> {
    if (this.#closed) throw new Error('journal: closed');
    if (this.#blocked !== null) return this.#blocked.then(() => this.add(envelope));
    const part = this.#part;
    if (part === null) return this.#block(this.#openPart()).then(() => this.add(envelope));
    const { producer, firstSeq, items } = envelope;
    const { skip, hole } = this.#lanes.accept(producer, firstSeq, items.length);
    if (hole > 0) this.#options.holed();
    for (let index = skip; index < items.length; index++)
      this.#addItem(part, producer, firstSeq + index, items[index] as DataItem);
    if (skip > 0 && this.#lanes.recordedUpTo(producer) > 0)
      this.#options.flushed([this.#lanes.ackOf(producer)]);
    if (part.openBytes >= this.#chunkBytes()) this.closeChunk();
  }

  /** Closes and flushes the open chunk now (error events do this). */
  closeChunk(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    const part = this.#part;
    if (part === null || this.#blocked !== null || this.#open.size === 0) return;
    part.closeChunk();
    this.#flush(part);
  }

  /** Last chunk, footer, header of the slot. Rejects when the disk refuses; may then be called again. */
  async close(): Promise<void> {
    this.#closing = true;
    this.closeChunk();
    await this.#blocked;
    for (let part = this.#unended[0]; part !== undefined; part = this.#unended[0]) {
      part.finish();
      this.#unended.shift();
    }
    if (this.#part !== null) this.#bytesBefore += this.#part.finish();
    this.#part = null;
    this.#closed = true;
  }

  /** Leaves the part as it is, torn: the run is given up and recovered. */
  abandon(): void {
    clearTimeout(this.#timer);
    this.#closed = true;
    for (const part of this.#unended.splice(0)) part.drop();
    this.#part?.drop();
    this.#part = null;
  }

  #chunkBytes(): number {
    const openMs = Math.max(1, this.#options.hostMs() - this.#chunkOpenedMs);
    const perS = ((this.#part?.openBytes ?? 0) / openMs) * 1000;
    return perS > LOADED_BYTES_PER_S ? CHUNK_BYTES_LOADED : CHUNK_BYTES;
  }

  #addItem(part: JournalPart, producer: string, seq: number, given: DataItem): void {
    const { zero } = this.#options;
    const { item, message } = this.#encoded(given);
    part.add(
      `${message.topic}\n${producer}\n${message.schema}`,
      () => this.#channel(item, message, producer),
      {
        sequence: seq,
        logTimeNs: logTimeNs(message.tMonoNs, zero),
        data: message.data,
      },
    );
    if (this.#open.size === 0) {
      this.#chunkOpenedMs = this.#options.hostMs();
      this.#timer = setTimeout(() => this.closeChunk(), CHUNK_MS);
    }
    this.#open.set(producer, seq);
    this.#openItems++;
  }

  /** An item that cannot be written is a bug of who made it; its number says so in the record, and the rest goes on. */
  #encoded(item: DataItem): { readonly item: DataItem; readonly message: EncodedMessage } {
    const { zero } = this.#options;
    try {
      return { item, message: encodeItem(item, { zero }) };
    } catch (error) {
      const tHostMs = this.#options.hostMs();
      const said: DataItem = {
        type: 'log',
        tHostMs,
        tUtcMs: zero.utcMs + tHostMs - zero.hostMs,
        level: 'ERROR',
        event: 'recorder.item_unwritable',
        fields: { item_type: item.type, detail: String(error) },
      };
      return { item: said, message: encodeItem(said, { zero }) };
    }
  }

  #channel(item: DataItem, message: EncodedMessage, producer: string): ChannelDefinition {
    return {
      topic: message.topic,
      schemaKey: message.schema,
      schema: journalSchema(message.schema, this.#options.schemas),
      messageEncoding: MESSAGE_ENCODING[item.type],
      metadata: channelMetadata(item, producer, this.#options.units),
    };
  }

  #flush(part: JournalPart): void {
    try {
      part.flush();
    } catch (error) {
      this.#fail('flush', error);
      void this.#block(this.#retry(part));
      return;
    }
    this.#flushed(part);
  }

  #flushed(part: JournalPart): void {
    const nowMs = this.#options.hostMs();
    this.#lastFlushMs = nowMs;
    this.#works('flush');
    for (const [producer, seq] of this.#open) this.#lanes.record(producer, seq);
    const producers = [...this.#open.keys()];
    this.#open.clear();
    this.#recorded += this.#openItems;
    this.#openItems = 0;
    this.#options.flushed(producers.map((producer) => this.#lanes.ackOf(producer)));
    if (!this.#closing && part.isDue(nowMs) && nowMs >= this.#rotateAtMs)
      void this.#block(this.#rotate(part));
  }

  async #retry(part: JournalPart): Promise<void> {
    for (;;) {
      await pause(RETRY_MS);
      if (this.#closed) return;
      try {
        part.flush();
        break;
      } catch (error) {
        this.#fail('flush', error);
      }
    }
    this.#flushed(part);
  }

  /** Without a spare, or when the disk refuses it, the old part simply goes on, and it is tried again a second later. */
  async #rotate(part: JournalPart): Promise<void> {
    this.#rotateAtMs = this.#options.hostMs() + RETRY_MS;
    const next = await this.#nextPart();
    if (next === null || this.#closed) return next?.drop();
    this.#rotateAtMs = -Infinity;
    try {
      this.#bytesBefore += part.finish();
    } catch (error) {
      // Its chunks are flushed. A part that stayed open would keep the run from being sealed.
      this.#fail('flush', error);
      this.#bytesBefore += part.bytes;
      this.#unended.push(part);
    }
    this.#part = next;
  }

  async #openPart(): Promise<void> {
    for (;;) {
      const part = await this.#nextPart();
      if (this.#closed) return part?.drop();
      this.#part = part;
      if (part !== null) return;
      await pause(RETRY_MS);
    }
  }

  /** Null when no spare is old enough, or the disk refuses it. */
  async #nextPart(): Promise<JournalPart | null> {
    try {
      const part = await this.#options.parts.next(this.have);
      if (part !== null) this.#works('part');
      return part;
    } catch (error) {
      this.#fail('part', error);
      return null;
    }
  }

  #fail(what: 'flush' | 'part', error: unknown): void {
    this.#refused = what;
    this.#options.failed(error);
  }

  #works(what: 'flush' | 'part'): void {
    if (this.#refused !== what) return;
    this.#refused = null;
    this.#options.failed(null);
  }

  /** While `work` runs, `add` waits. */
  #block(work: Promise<void>): Promise<void> {
    const mine = work.finally(() => {
      if (this.#blocked === mine) this.#blocked = null;
    });
    this.#blocked = mine;
    return mine;
  }
}

const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

import type { HostMs } from '../record/clock.ts';
import type { Ack } from '../record/producer.ts';
import { PartWriter } from '../formats/journal/part-writer.ts';
import type { ChannelDefinition, Compress, PartMessage } from '../formats/journal/part-writer.ts';
import type { SlotFile } from '../storage/slot-file.ts';

export const JOURNAL_LIBRARY = 'benchseal';

const NOTHING = new Uint8Array(0);

export interface PartLimits {
  readonly bytesMax: number;
  readonly minutesMax: number;
}

/** Opens the parts of a run, one after the other. */
export interface PartKeeper {
  /** The next part, its head flushed; null when no slot is old enough. `have` goes into its head. */
  next(have: readonly Ack[]): Promise<JournalPart | null>;
}

/** One part being written into one slot. */
export class JournalPart {
  readonly path: string;
  readonly #file: SlotFile;
  readonly #writer: PartWriter;
  readonly #limits: PartLimits;
  readonly #openedMs: HostMs;
  /** Made and not yet flushed. A failed flush may have forgotten them: all are written again, at the same place. */
  #pending: Uint8Array[] = [];
  #flushed = 0;
  #finished = false;

  constructor(
    file: SlotFile,
    options: { readonly compress: Compress; readonly limits: PartLimits; readonly openedMs: HostMs },
  ) {
    this.#file = file;
    this.path = file.header.path ?? '';
    this.#limits = options.limits;
    this.#openedMs = options.openedMs;
    this.#writer = new PartWriter({ compress: options.compress, library: JOURNAL_LIBRARY });
  }

  /** For the head: metadata and attachments, before the first chunk. */
  get writer(): Pick<PartWriter, 'addMetadata' | 'addAttachment'> {
    return this.#writer;
  }
  get bytes(): number {
    return this.#writer.length;
  }
  get openBytes(): number {
    return this.#writer.openChunkBytes;
  }

  isDue(nowMs: HostMs): boolean {
    return this.bytes >= this.#limits.bytesMax || nowMs - this.#openedMs >= this.#limits.minutesMax * 60_000;
  }

  add(key: string, define: () => ChannelDefinition, message: PartMessage): void {
    this.#writer.addMessage(key, define, message);
  }

  closeChunk(): void {
    this.#writer.closeChunk();
    this.#pending.push(this.#writer.take());
  }

  /** Writes and flushes what is pending; throws what the disk throws and may be called again. */
  flush(): void {
    const rest = this.#finished ? NOTHING : this.#writer.take();
    if (rest.length > 0) this.#pending.push(rest);
    let at = this.#flushed;
    for (const bytes of this.#pending) {
      this.#file.writeAll(bytes, at);
      at += bytes.length;
    }
    this.#file.flush();
    this.#flushed = at;
    this.#pending = [];
  }

  /** Footer, slot header `closed`; returns the part's bytes. May be called again when the disk refused. */
  finish(): number {
    this.flush();
    if (!this.#finished) this.#pending.push(this.#writer.finish());
    this.#finished = true;
    this.flush();
    this.#file.closeAs('closed', this.#flushed);
    return this.#flushed;
  }

  /** Lets go of the slot as it is: torn. */
  drop(): void {
    this.#file.close();
  }
}

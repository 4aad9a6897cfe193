import { McapIndexedReader } from '@mcap/core';
import type { McapTypes } from '@mcap/core';
import type { JournalItem } from './item.ts';
import { readAttachment, readMetadata } from './mcap-records.ts';
import { decodeMessage } from './messages.ts';
import type { Decompress, PartSource } from './part-source.ts';

/** A message of a part in `log_time` order. `item` is null on a topic that is not ours. */
export interface PartItem {
  readonly logTimeNs: bigint;
  readonly item: JournalItem | null;
  readonly channel: McapTypes.Channel;
  readonly message: McapTypes.Message;
}

/**
 * A finished part, read by its chunk indexes: memory is the chunks that overlap in time. Order: `log_time`, then
 * position in the file. Chunk CRCs are checked. Throws when the part has no valid footer (use `scanPart` then).
 */
export class PartReader {
  readonly #reader: McapIndexedReader;
  readonly #source: PartSource;

  private constructor(reader: McapIndexedReader, source: PartSource) {
    this.#reader = reader;
    this.#source = source;
  }

  static async open(source: PartSource, decompress: Decompress): Promise<PartReader> {
    const handler = (compression: string) => (bytes: Uint8Array, size: bigint) =>
      decompress(compression, bytes, Number(size));
    const reader = await McapIndexedReader.Initialize({
      readable: {
        size: () => Promise.resolve(BigInt(source.size)),
        read: (offset, length) => source.read(Number(offset), Number(length)),
      },
      decompressHandlers: { zstd: handler('zstd'), lz4: handler('lz4') },
    });
    return new PartReader(reader, source);
  }

  get channels(): ReadonlyMap<number, McapTypes.Channel> {
    return this.#reader.channelsById;
  }
  get schemas(): ReadonlyMap<number, McapTypes.Schema> {
    return this.#reader.schemasById;
  }
  get chunkIndexes(): readonly McapTypes.ChunkIndex[] {
    return this.#reader.chunkIndexes;
  }
  get statistics(): McapTypes.Statistics | undefined {
    return this.#reader.statistics;
  }

  /** Items in `log_time` order; wire bytes are copies, block values may be views of the chunk. */
  async *items(options: { readonly topics?: readonly string[] } = {}): AsyncGenerator<PartItem, void, void> {
    const messages = this.#reader.readMessages({ ...options, validateCrcs: true });
    for await (const message of messages) {
      const channel = this.#reader.channelsById.get(message.channelId);
      if (channel === undefined)
        throw new Error(`journal part: message on unknown channel ${message.channelId}`);
      yield { logTimeNs: message.logTime, item: decodeMessage(channel, message), channel, message };
    }
  }

  /** Attachments by name (`config.toml`, `prerun.log`, …); each is held in memory. */
  async attachments(): Promise<Map<string, Uint8Array>> {
    const found = new Map<string, Uint8Array>();
    for (const index of this.#reader.attachmentIndexes) {
      const attachment = readAttachment(await this.#content(index));
      found.set(attachment.name, attachment.data);
    }
    return found;
  }

  /** Metadata records by name; later ones of the same name win. */
  async metadata(): Promise<Map<string, ReadonlyMap<string, string>>> {
    const found = new Map<string, ReadonlyMap<string, string>>();
    for (const index of this.#reader.metadataIndexes) {
      const metadata = readMetadata(await this.#content(index));
      found.set(metadata.name, metadata.metadata);
    }
    return found;
  }

  async #content(index: { readonly offset: bigint; readonly length: bigint }): Promise<Uint8Array> {
    return (await this.#source.read(Number(index.offset), Number(index.length))).subarray(9);
  }
}

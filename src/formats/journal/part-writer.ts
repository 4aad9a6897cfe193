import { McapChunkBuilder, McapRecordBuilder, Opcode } from '@mcap/core';
import type { McapTypes } from '@mcap/core';
import { crc32 } from '../crc32.ts';
import type { JournalSchema } from './schemas.ts';

/** Compresses a chunk; `compression` is `zstd`, `lz4` or '' for none. Synchronous: chunks close in order. */
export type Compress = (bytes: Uint8Array) => { readonly compression: string; readonly bytes: Uint8Array };

export interface ChannelDefinition {
  readonly topic: string;
  readonly schemaKey: string;
  readonly schema: JournalSchema;
  readonly messageEncoding: string;
  readonly metadata: Map<string, string>;
}

export interface PartMessage {
  /** u32. */
  readonly sequence: number;
  readonly logTimeNs: bigint;
  readonly data: Uint8Array;
}

/**
 * Builds one MCAP part in memory and hands out the bytes to append: nothing here touches a file. Stock writers close
 * a chunk by size only; here the caller decides (`spec/dam-quire-capsule.md` §6.3). Schema and channel records stand
 * in the data section just before the first chunk that uses them, uncompressed, so that a damaged chunk never
 * takes the channels of later ones with it.
 */
export class PartWriter {
  readonly #records = new McapRecordBuilder();
  readonly #chunk = new McapChunkBuilder({});
  readonly #compress: Compress;
  readonly #schemas = new Map<string, McapTypes.Schema>();
  readonly #channels = new Map<string, McapTypes.Channel>();
  readonly #chunkIndexes: McapTypes.ChunkIndex[] = [];
  readonly #attachmentIndexes: McapTypes.AttachmentIndex[] = [];
  readonly #metadataIndexes: McapTypes.MetadataIndex[] = [];
  readonly #messageCounts = new Map<number, bigint>();
  #taken = 0;
  #dataCrc = 0;
  #finished = false;

  /** `library` names the product in the header; the profile stays empty, as stock tools want it. */
  constructor(options: { readonly compress: Compress; readonly library: string }) {
    this.#compress = options.compress;
    this.#records.writeMagic();
    this.#records.writeHeader({ profile: '', library: options.library });
  }

  /** Uncompressed bytes in the open chunk. */
  get openChunkBytes(): number {
    return this.#chunk.byteLength;
  }

  get openChunkMessages(): number {
    return this.#chunk.numMessages;
  }

  /** Bytes of the part so far, without the open chunk. */
  get length(): number {
    return this.#taken + this.#records.length;
  }

  get messageCount(): number {
    return [...this.#messageCounts.values()].reduce((sum, count) => sum + Number(count), 0);
  }

  addMetadata(name: string, entries: { readonly [key: string]: string }): void {
    const offset = BigInt(this.length);
    const length = this.#records.writeMetadata({ name, metadata: new Map(Object.entries(entries)) });
    this.#metadataIndexes.push({ name, offset, length });
  }

  addAttachment(attachment: {
    readonly name: string;
    readonly mediaType: string;
    readonly logTimeNs: bigint;
    readonly data: Uint8Array;
  }): void {
    const { name, mediaType, logTimeNs, data } = attachment;
    const offset = BigInt(this.length);
    const times = { logTime: logTimeNs, createTime: logTimeNs };
    const length = this.#records.writeAttachment({ name, mediaType, data, ...times });
    this.#attachmentIndexes.push({
      name,
      mediaType,
      ...times,
      offset,
      length,
      dataSize: BigInt(data.length),
    });
  }

  /** Adds to the open chunk. `key` names the channel; `define` is asked once per part. */
  addMessage(key: string, define: () => ChannelDefinition, message: PartMessage): void {
    if (this.#finished) throw new Error('journal part: message after finish');
    const { id } = this.#channels.get(key) ?? this.#register(key, define());
    this.#chunk.addMessage({
      channelId: id,
      sequence: message.sequence,
      logTime: message.logTimeNs,
      publishTime: message.logTimeNs,
      data: message.data,
    });
    this.#messageCounts.set(id, (this.#messageCounts.get(id) ?? 0n) + 1n);
  }

  /** Ends the open chunk with its indexes; nothing happens when it is empty. */
  closeChunk(): void {
    if (this.#chunk.numMessages === 0) return;
    const raw = this.#chunk.buffer;
    const { compression, bytes } = this.#compress(raw);
    const chunkStartOffset = BigInt(this.length);
    const { messageStartTime, messageEndTime } = this.#chunk;
    const uncompressedSize = BigInt(raw.length);
    const chunkLength = this.#records.writeChunk({
      messageStartTime,
      messageEndTime,
      uncompressedSize,
      uncompressedCrc: crc32(raw),
      compression,
      records: bytes,
    });
    const messageIndexOffsets = new Map<number, bigint>();
    let messageIndexLength = 0n;
    for (const index of this.#chunk.indices) {
      messageIndexOffsets.set(index.channelId, BigInt(this.length));
      messageIndexLength += this.#records.writeMessageIndex(index);
    }
    this.#chunkIndexes.push({
      messageStartTime,
      messageEndTime,
      chunkStartOffset,
      chunkLength,
      messageIndexOffsets,
      messageIndexLength,
      compression,
      compressedSize: BigInt(bytes.length),
      uncompressedSize,
    });
    this.#chunk.reset();
  }

  /** The bytes made since the last call, to be appended as they are. */
  take(): Uint8Array {
    const bytes = this.#records.buffer;
    this.#records.reset();
    this.#taken += bytes.length;
    if (!this.#finished) this.#dataCrc = crc32(bytes, this.#dataCrc);
    return bytes;
  }

  /** Last chunk, DataEnd, summary, footer. Returns the last bytes of the part. */
  finish(): Uint8Array {
    this.closeChunk();
    const dataTail = this.take();
    this.#finished = true;
    this.#records.writeDataEnd({ dataSectionCrc: this.#dataCrc });
    const dataEnd = this.take();
    const summaryStart = this.length;
    const groups = this.#writeSummary();
    const summaryOffsetStart = this.length;
    for (const group of groups) this.#records.writeSummaryOffset(group);
    const summary = this.take();
    const isEmpty = summaryOffsetStart === summaryStart;
    const footer = {
      summaryStart: isEmpty ? 0n : BigInt(summaryStart),
      summaryOffsetStart: isEmpty ? 0n : BigInt(summaryOffsetStart),
    };
    this.#records.writeFooter({ ...footer, summaryCrc: crc32(footerPrefix(footer), crc32(summary)) });
    this.#records.writeMagic();
    return concat([dataTail, dataEnd, summary, this.take()]);
  }

  #register(key: string, definition: ChannelDefinition): McapTypes.Channel {
    let schema = this.#schemas.get(definition.schemaKey);
    if (schema === undefined) {
      schema = { id: this.#schemas.size + 1, ...definition.schema };
      this.#schemas.set(definition.schemaKey, schema);
      this.#records.writeSchema(schema);
    }
    const { topic, messageEncoding, metadata } = definition;
    const channel = { id: this.#channels.size + 1, schemaId: schema.id, topic, messageEncoding, metadata };
    this.#channels.set(key, channel);
    this.#records.writeChannel(channel);
    return channel;
  }

  #writeSummary(): McapTypes.SummaryOffset[] {
    const groups: McapTypes.SummaryOffset[] = [];
    const group = (groupOpcode: Opcode, write: () => void): void => {
      const groupStart = BigInt(this.length);
      write();
      const groupLength = BigInt(this.length) - groupStart;
      if (groupLength > 0n) groups.push({ groupOpcode, groupStart, groupLength });
    };
    group(Opcode.SCHEMA, () => {
      for (const schema of this.#schemas.values()) this.#records.writeSchema(schema);
    });
    group(Opcode.CHANNEL, () => {
      for (const channel of this.#channels.values()) this.#records.writeChannel(channel);
    });
    group(Opcode.STATISTICS, () => this.#records.writeStatistics(this.#statistics()));
    group(Opcode.METADATA_INDEX, () => {
      for (const index of this.#metadataIndexes) this.#records.writeMetadataIndex(index);
    });
    group(Opcode.ATTACHMENT_INDEX, () => {
      for (const index of this.#attachmentIndexes) this.#records.writeAttachmentIndex(index);
    });
    group(Opcode.CHUNK_INDEX, () => {
      for (const index of this.#chunkIndexes) this.#records.writeChunkIndex(index);
    });
    return groups;
  }

  #statistics(): McapTypes.Statistics {
    let [first] = this.#chunkIndexes;
    let last = first;
    for (const index of this.#chunkIndexes) {
      if (first === undefined || index.messageStartTime < first.messageStartTime) first = index;
      if (last === undefined || index.messageEndTime > last.messageEndTime) last = index;
    }
    return {
      messageCount: BigInt(this.messageCount),
      schemaCount: this.#schemas.size,
      channelCount: this.#channels.size,
      attachmentCount: this.#attachmentIndexes.length,
      metadataCount: this.#metadataIndexes.length,
      chunkCount: this.#chunkIndexes.length,
      messageStartTime: first?.messageStartTime ?? 0n,
      messageEndTime: last?.messageEndTime ?? 0n,
      channelMessageCounts: this.#messageCounts,
    };
  }
}

/** The footer record up to its CRC: `summary_crc` covers it too. */
function footerPrefix(footer: {
  readonly summaryStart: bigint;
  readonly summaryOffsetStart: bigint;
}): Uint8Array {
  const view = new DataView(new ArrayBuffer(25));
  view.setUint8(0, Opcode.FOOTER);
  view.setBigUint64(1, 20n, true);
  view.setBigUint64(9, footer.summaryStart, true);
  view.setBigUint64(17, footer.summaryOffsetStart, true);
  return new Uint8Array(view.buffer);
}

function concat(parts: readonly Uint8Array[]): Uint8Array {
  const whole = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    whole.set(part, at);
    at += part.length;
  }
  return whole;
}

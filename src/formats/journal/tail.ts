import type { McapTypes } from '@mcap/core';
import type { Ack } from '../../record/producer.ts';
import { messagesOf, readChunk } from './mcap-records.ts';
import { openChunk, scanPart } from './part-scan.ts';
import type { Decompress, PartSource } from './part-source.ts';

/** The last message of one channel of a part. */
export interface ChannelTail {
  readonly topic: string;
  readonly producer: string;
  /** '' for topics without a device. */
  readonly device: string;
  readonly seq: number;
  readonly logTimeNs: bigint;
}

export interface PartTail {
  readonly channels: readonly ChannelTail[];
  /** Content bytes up to the last whole record. */
  readonly bytes: number;
  readonly complete: boolean;
  /** Metadata records of the part by name. */
  readonly metadata: ReadonlyMap<string, ReadonlyMap<string, string>>;
}

interface ChunkPlace {
  readonly offset: number;
  readonly length: number;
  readonly channelIds: number[];
}

/**
 * Where a part ends, per channel: walks the record headers, then decompresses only the last chunk of each channel,
 * newest first; never the whole part (`spec/pipeline-measured.md` §6.5). Chunks that fail their CRC count as absent.
 */
export async function readTail(source: PartSource, decompress: Decompress): Promise<PartTail> {
  const channels = new Map<number, McapTypes.Channel>();
  const metadata = new Map<string, ReadonlyMap<string, string>>();
  const chunks: ChunkPlace[] = [];
  let bytes = 0;
  let complete = false;
  for await (const found of scanPart(source, { decompress, verify: false })) {
    if (found.type === 'channel') channels.set(found.channel.id, found.channel);
    else if (found.type === 'metadata') metadata.set(found.metadata.name, found.metadata.metadata);
    else if (found.type === 'chunk') chunks.push({ ...found, channelIds: [] });
    else if (found.type === 'message-index') chunks.at(-1)?.channelIds.push(found.channelId);
    else if (found.type === 'end') ({ offset: bytes, complete } = found);
  }
  const tails = new Map<number, ChannelTail>();
  for (const chunk of chunks.reverse()) {
    if (tails.size === channels.size) break;
    // The last chunk may have lost its indexes: then every channel may be in it.
    const isWanted = chunk.channelIds.length === 0 || chunk.channelIds.some((id) => !tails.has(id));
    if (isWanted) await addTails(tails, channels, await chunkRecords(source, chunk, decompress));
  }
  return { channels: [...tails.values()], bytes, complete, metadata };
}

async function chunkRecords(
  source: PartSource,
  chunk: ChunkPlace,
  decompress: Decompress,
): Promise<Uint8Array> {
  const record = await source.read(chunk.offset, chunk.length);
  return openChunk(readChunk(record.subarray(9)), decompress) ?? new Uint8Array(0);
}

function addTails(
  tails: Map<number, ChannelTail>,
  channels: ReadonlyMap<number, McapTypes.Channel>,
  records: Uint8Array,
): void {
  const latest = new Map<number, McapTypes.Message>();
  for (const message of messagesOf(records)) latest.set(message.channelId, message);
  for (const [id, message] of latest) {
    const channel = channels.get(id);
    if (channel === undefined || tails.has(id)) continue;
    tails.set(id, {
      topic: channel.topic,
      producer: channel.metadata.get('producer') ?? '',
      device: channel.metadata.get('device') ?? '',
      seq: message.sequence,
      logTimeNs: message.logTime,
    });
  }
}

/** The data lanes of a part: the highest number of each producer over its channels. */
export function tailAcks(tails: readonly ChannelTail[]): Ack[] {
  const upTo = new Map<string, number>();
  for (const { producer, seq } of tails) upTo.set(producer, Math.max(seq, upTo.get(producer) ?? 0));
  return [...upTo].map(([producer, last]) => ({ producer, lane: 'data', upTo: last }));
}

import { closeSync, fstatSync, openSync, readFileSync, readSync } from 'node:fs';
import { McapIndexedReader, McapStreamReader } from '@mcap/core';
import type { McapTypes } from '@mcap/core';
import { decompress } from 'fzstd';
import { decodeMessage } from '../../../src/formats/journal/messages.ts';
import type { JournalItem } from '../../../src/formats/journal/item.ts';

/** Another zstd than the one that wrote it. */
export const DECOMPRESSORS: McapTypes.DecompressHandlers = {
  zstd: (bytes, size) => decompress(bytes, new Uint8Array(Number(size))),
};

function readable(descriptor: number): McapTypes.IReadable {
  return {
    size: () => Promise.resolve(BigInt(fstatSync(descriptor).size)),
    read(offset, size) {
      const bytes = new Uint8Array(Number(size));
      const got = readSync(descriptor, bytes, 0, bytes.length, Number(offset));
      if (got !== bytes.length) return Promise.reject(new Error(`read ${got} of ${size} bytes at ${offset}`));
      return Promise.resolve(bytes);
    },
  };
}

/** What the stock indexed reader finds in one part: by its summary and chunk indexes, CRCs checked. */
export interface IndexedPart {
  readonly messageCount: number;
  readonly topics: readonly string[];
  readonly metadataNames: readonly string[];
  readonly items: readonly (JournalItem & { readonly logTimeNs: bigint })[];
}

export async function readIndexed(file: string): Promise<IndexedPart> {
  const descriptor = openSync(file, 'r');
  try {
    const reader = await McapIndexedReader.Initialize({
      readable: readable(descriptor),
      decompressHandlers: DECOMPRESSORS,
    });
    const items: (JournalItem & { logTimeNs: bigint })[] = [];
    for await (const message of reader.readMessages({ validateCrcs: true })) {
      const channel = reader.channelsById.get(message.channelId);
      if (channel === undefined) throw new Error(`message on unknown channel ${message.channelId}`);
      const item = decodeMessage(channel, message);
      if (item !== null) items.push({ ...item, logTimeNs: message.logTime });
    }
    return {
      messageCount: Number(reader.statistics?.messageCount ?? -1n),
      topics: [...new Set([...reader.channelsById.values()].map((channel) => channel.topic))].sort(),
      metadataNames: reader.metadataIndexes.map((index) => index.name),
      items,
    };
  } finally {
    closeSync(descriptor);
  }
}

/** Every record of a part as the stock stream reader gives it; throws unless the file is whole. */
export function readRecords(file: string): McapTypes.TypedMcapRecord[] {
  const reader = new McapStreamReader({ decompressHandlers: DECOMPRESSORS, includeChunks: true });
  reader.append(readFileSync(file));
  const records: McapTypes.TypedMcapRecord[] = [];
  for (let record = reader.nextRecord(); record !== undefined; record = reader.nextRecord())
    records.push(record);
  if (!reader.done()) throw new Error(`${file}: the stream ends without a footer`);
  return records;
}

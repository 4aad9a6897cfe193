import type { McapTypes } from '@mcap/core';
import { readRecords } from './mcap-file.ts';

type Records = McapTypes.TypedMcapRecords;
type Chunk = Records['Chunk'];
type Message = Records['Message'];

/**
 * The error list of `mcap doctor` (`spec/dam-quire-capsule.md` §6.2) over one file. The stream reader has already
 * checked magic, record framing and the CRC of every chunk when it gives us the records.
 */
export function mcapProblems(file: string): string[] {
  const records = readRecords(file);
  const dataEnd = records.findIndex((record) => record.type === 'DataEnd');
  if (dataEnd < 0) return ['no DataEnd'];
  const data = records.slice(0, dataEnd);
  const summary = records.slice(dataEnd + 1);
  return [
    ...headAndFoot(records),
    ...definitions(data, summary),
    ...chunkRanges(data),
    ...chunkIndexes(data, summary),
    ...statistics(data, summary),
    ...order(data),
  ];
}

function of<T extends keyof Records>(records: readonly McapTypes.TypedMcapRecord[], type: T): Records[T][] {
  return records.filter((record) => record.type === type) as Records[T][];
}

function headAndFoot(records: readonly McapTypes.TypedMcapRecord[]): string[] {
  const problems: string[] = [];
  const header = of(records, 'Header')[0];
  if (records[0]?.type !== 'Header') problems.push('the first record is not a Header');
  if (header?.library === '') problems.push('empty library');
  if (header !== undefined && !['', 'ros1', 'ros2'].includes(header.profile))
    problems.push(`profile ${header.profile}`);
  if (of(records, 'Footer').length !== 1) problems.push('not exactly one Footer');
  return problems;
}

function definitions(
  data: readonly McapTypes.TypedMcapRecord[],
  summary: readonly McapTypes.TypedMcapRecord[],
): string[] {
  const problems: string[] = [];
  const schemas = new Map<number, string>();
  const channels = new Map<number, string>();
  const text = (record: Records['Schema'] | Records['Channel']): string =>
    JSON.stringify(record, (_key, value: unknown) =>
      value instanceof Map ? [...(value as Map<string, string>)] : value,
    );
  for (const record of data) {
    if (record.type === 'Schema') {
      if (record.id === 0) problems.push('schema id 0');
      if (record.encoding === '' && record.data.length > 0)
        problems.push(`schema ${record.id}: data without encoding`);
      if ((schemas.get(record.id) ?? text(record)) !== text(record))
        problems.push(`schema ${record.id} twice with different content`);
      schemas.set(record.id, text(record));
    } else if (record.type === 'Channel') {
      if (record.schemaId !== 0 && !schemas.has(record.schemaId))
        problems.push(`channel ${record.id} names unknown schema ${record.schemaId}`);
      if ((channels.get(record.id) ?? text(record)) !== text(record))
        problems.push(`channel ${record.id} twice with different content`);
      channels.set(record.id, text(record));
    } else if (record.type === 'Message' && !channels.has(record.channelId))
      problems.push(`message before its channel ${record.channelId}`);
  }
  for (const schema of of(summary, 'Schema'))
    if (schemas.get(schema.id) !== text(schema))
      problems.push(`summary schema ${schema.id} is not in the data`);
  for (const channel of of(summary, 'Channel'))
    if (channels.get(channel.id) !== text(channel))
      problems.push(`summary channel ${channel.id} is not in the data`);
  const summed = new Set(of(summary, 'Channel').map((channel) => channel.id));
  if (of(summary, 'ChunkIndex').length > 0)
    for (const id of channels.keys())
      if (!summed.has(id)) problems.push(`channel ${id} is missing from the summary`);
  return problems;
}

/** Messages of each chunk, by the order of the stream: a Chunk record is followed by its content. */
function chunksWithMessages(
  data: readonly McapTypes.TypedMcapRecord[],
): { chunk: Chunk; messages: Message[] }[] {
  const chunks: { chunk: Chunk; messages: Message[] }[] = [];
  for (const record of data) {
    if (record.type === 'Chunk') chunks.push({ chunk: record, messages: [] });
    else if (record.type === 'Message') chunks.at(-1)?.messages.push(record);
  }
  return chunks;
}

function range(messages: readonly Message[]): [bigint, bigint] {
  return messages.reduce<[bigint, bigint]>(
    ([from, to], { logTime }) => [logTime < from ? logTime : from, logTime > to ? logTime : to],
    [messages[0]?.logTime ?? 0n, messages[0]?.logTime ?? 0n],
  );
}

function chunkRanges(data: readonly McapTypes.TypedMcapRecord[]): string[] {
  return chunksWithMessages(data).flatMap(({ chunk, messages }, index) => {
    const [from, to] = range(messages);
    return chunk.messageStartTime === from && chunk.messageEndTime === to
      ? []
      : [`chunk ${index}: says ${chunk.messageStartTime}–${chunk.messageEndTime}, holds ${from}–${to}`];
  });
}

function chunkIndexes(
  data: readonly McapTypes.TypedMcapRecord[],
  summary: readonly McapTypes.TypedMcapRecord[],
): string[] {
  const chunks = of(data, 'Chunk');
  const indexes = of(summary, 'ChunkIndex');
  if (indexes.length !== chunks.length) return [`${chunks.length} chunks, ${indexes.length} chunk indexes`];
  return indexes.flatMap((index, at) => {
    const chunk = chunks[at];
    const agrees =
      chunk !== undefined &&
      index.messageStartTime === chunk.messageStartTime &&
      index.messageEndTime === chunk.messageEndTime &&
      index.compression === chunk.compression &&
      index.compressedSize === BigInt(chunk.records.length) &&
      index.uncompressedSize === chunk.uncompressedSize;
    return agrees ? [] : [`chunk index ${at} disagrees with its chunk`];
  });
}

function statistics(
  data: readonly McapTypes.TypedMcapRecord[],
  summary: readonly McapTypes.TypedMcapRecord[],
): string[] {
  const all = of(summary, 'Statistics');
  const [told] = all;
  if (told === undefined || all.length !== 1) return [`${all.length} Statistics records`];
  const messages = of(data, 'Message');
  const [from, to] = range(messages);
  const perChannel = new Map<number, bigint>();
  for (const { channelId } of messages) perChannel.set(channelId, (perChannel.get(channelId) ?? 0n) + 1n);
  const facts: [string, unknown, unknown][] = [
    ['messages', told.messageCount, BigInt(messages.length)],
    ['chunks', told.chunkCount, of(data, 'Chunk').length],
    ['attachments', told.attachmentCount, of(data, 'Attachment').length],
    ['metadata', told.metadataCount, of(data, 'Metadata').length],
    ['schemas', told.schemaCount, new Set(of(data, 'Schema').map((schema) => schema.id)).size],
    ['channels', told.channelCount, new Set(of(data, 'Channel').map((channel) => channel.id)).size],
    ['first message', told.messageStartTime, from],
    ['last message', told.messageEndTime, to],
    ...[...perChannel].map(([id, count]): [string, unknown, unknown] => [
      `channel ${id}`,
      told.channelMessageCounts.get(id),
      count,
    ]),
  ];
  return facts.flatMap(([what, said, counted]) =>
    said === counted ? [] : [`statistics: ${what} ${String(said)}, counted ${String(counted)}`],
  );
}

/** Recorded as they come, times may step back between producers, never within one channel. */
function order(data: readonly McapTypes.TypedMcapRecord[]): string[] {
  const last = new Map<number, number>();
  return of(data, 'Message').flatMap(({ channelId, sequence }) => {
    const before = last.get(channelId) ?? 0;
    last.set(channelId, sequence);
    return sequence > before ? [] : [`channel ${channelId}: sequence ${sequence} after ${before}`];
  });
}

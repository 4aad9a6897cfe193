import { McapIndexedReader, McapStreamReader } from '@mcap/core';
import type { McapTypes } from '@mcap/core';
import fc from 'fast-check';
import { crc32 as zlibCrc32 } from 'node:zlib';
import { beforeAll, describe, expect, it } from 'vitest';
import { logTimeNs } from '../../../src/record/clock.ts';
import type { DataItem } from '../../../src/record/item.ts';
import { crc32 } from '../../../src/formats/crc32.ts';
import { MESSAGE_ENCODING, channelMetadata, encodeItem } from '../../../src/formats/journal/messages.ts';
import { PartReader } from '../../../src/formats/journal/part-reader.ts';
import { bytesSource } from '../../../src/formats/journal/part-source.ts';
import type { Decompress } from '../../../src/formats/journal/part-source.ts';
import { PartWriter } from '../../../src/formats/journal/part-writer.ts';
import type { Compress } from '../../../src/formats/journal/part-writer.ts';
import { salvagePart } from '../../../src/formats/journal/salvage.ts';
import type { SalvageItem } from '../../../src/formats/journal/salvage.ts';
import { journalSchema } from '../../../src/formats/journal/schemas.ts';
import { readTail, tailAcks } from '../../../src/formats/journal/tail.ts';
import { ZERO, dataItem } from './arbitrary.ts';
import { loadZstd } from './zstd.ts';

let compress: Compress;
let decompress: Decompress;
beforeAll(async () => {
  ({ compress, decompress } = await loadZstd());
});

interface Written {
  readonly whole: Uint8Array;
  /** Length of the file after each chunk was appended. */
  readonly chunkEnds: number[];
  /** [producer, sequence] of the messages of each chunk. */
  readonly chunks: [string, number][][];
}

/** Items from two producers, a chunk every `perChunk`, as the recorder would write them. */
function writePart(items: readonly DataItem[], perChunk: number): Written {
  const writer = new PartWriter({ compress, library: 'benchseal test' });
  const pieces: Uint8Array[] = [];
  const chunkEnds: number[] = [];
  const chunks: [string, number][][] = [];
  const next = { 'a/1': 1, 'b/2': 1 };
  let open: [string, number][] = [];
  const close = (): void => {
    writer.closeChunk();
    pieces.push(writer.take());
    chunkEnds.push(writer.length);
    if (open.length > 0) chunks.push(open);
    open = [];
  };
  writer.addMetadata('session', { session_id: 'x' });
  writer.addAttachment({
    name: 'config.toml',
    mediaType: 'text/plain',
    logTimeNs: 1n,
    data: new TextEncoder().encode('name = "x"'),
  });
  items.forEach((item, index) => {
    const producer = index % 3 === 0 ? 'b/2' : 'a/1';
    const message = encodeItem(item, { zero: ZERO });
    const sequence = next[producer]++;
    writer.addMessage(
      `${message.topic} ${producer} ${message.schema}`,
      () => ({
        topic: message.topic,
        schemaKey: message.schema,
        schema: journalSchema(message.schema, new Map()),
        messageEncoding: MESSAGE_ENCODING[item.type],
        metadata: channelMetadata(item, producer),
      }),
      { sequence, logTimeNs: logTimeNs(message.tMonoNs, ZERO), data: message.data },
    );
    open.push([producer, sequence]);
    if (index % perChunk === perChunk - 1) close();
  });
  close();
  pieces.push(writer.finish());
  return { whole: Buffer.concat(pieces), chunkEnds, chunks };
}

/** What `mcap doctor` calls an error, as far as our writer could commit it. */
async function doctor(bytes: Uint8Array): Promise<string[]> {
  const problems: string[] = [];
  const stream = new McapStreamReader({
    decompressHandlers: { zstd: (data) => decompress('zstd', data, 0) },
  });
  stream.append(bytes);
  const channels = new Map<number, McapTypes.Channel>();
  const counted = new Map<number, bigint>();
  let statistics: McapTypes.Statistics | undefined;
  let inSummary = false;
  for (let record = stream.nextRecord(); record !== undefined; record = stream.nextRecord()) {
    if (record.type === 'DataEnd') {
      inSummary = true;
      const reader = await indexed(bytes);
      const data = bytes.subarray(0, Number(reader.dataEndOffset));
      if (record.dataSectionCrc !== zlibCrc32(data)) problems.push('data section crc');
    } else if (record.type === 'Channel') {
      if (inSummary && !channels.has(record.id)) problems.push(`channel ${record.id} only in summary`);
      channels.set(record.id, record);
    } else if (record.type === 'Message') {
      if (!channels.has(record.channelId)) problems.push('message before its channel');
      counted.set(record.channelId, (counted.get(record.channelId) ?? 0n) + 1n);
    } else if (record.type === 'Statistics') statistics = record;
  }
  if (!stream.done()) problems.push('stream reader not done');
  for (const id of channels.keys()) if (!counted.has(id)) problems.push(`channel ${id} unused`);
  expect(statistics?.channelMessageCounts).toEqual(counted);
  expect(statistics?.channelCount).toBe(channels.size);
  return problems;
}

const indexed = (bytes: Uint8Array): Promise<McapIndexedReader> =>
  McapIndexedReader.Initialize({
    readable: {
      size: () => Promise.resolve(BigInt(bytes.length)),
      read: (offset, length) => Promise.resolve(bytes.slice(Number(offset), Number(offset + length))),
    },
    decompressHandlers: { zstd: (data) => decompress('zstd', data, 0) },
  });

async function salvage(bytes: Uint8Array): Promise<SalvageItem[]> {
  const items: SalvageItem[] = [];
  for await (const item of salvagePart(bytesSource(bytes), decompress)) items.push(item);
  return items;
}
const sequences = (items: readonly SalvageItem[]): [string, number][] =>
  items.flatMap((item) =>
    item.type === 'message'
      ? [[item.channel.metadata.get('producer') ?? '', item.message.sequence] as [string, number]]
      : [],
  );

/** Offset of the first chunk record at or after `from`. */
function findChunk(part: Uint8Array, from: number): number {
  const view = new DataView(part.buffer, part.byteOffset, part.length);
  let at = from;
  while (part[at] !== 0x06) at += 9 + Number(view.getBigUint64(at + 1, true));
  return at;
}

const someItems = fc.array(dataItem, { minLength: 1, maxLength: 60 });

describe('crc32', () => {
  it('is the IEEE one, at any length and split', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 100 }), fc.nat(100), (bytes, cut) => {
        expect(crc32(bytes)).toBe(zlibCrc32(bytes));
        expect(crc32(bytes.subarray(cut), crc32(bytes.subarray(0, cut)))).toBe(zlibCrc32(bytes));
      }),
    );
  });
});

describe('journal part', () => {
  it('reads back by stock readers and has nothing a doctor would object to', async () => {
    await fc.assert(
      fc.asyncProperty(someItems, fc.integer({ min: 1, max: 20 }), async (items, perChunk) => {
        const { whole } = writePart(items, perChunk);
        expect(await doctor(whole)).toEqual([]);
        const reader = await indexed(whole);
        const times: bigint[] = [];
        for await (const message of reader.readMessages({ validateCrcs: true })) times.push(message.logTime);
        expect(times.length).toBe(items.length);
        expect(times).toEqual([...times].sort((a, b) => (a < b ? -1 : 1)));
        const own = await PartReader.open(bytesSource(whole), decompress);
        const types: string[] = [];
        for await (const { item } of own.items()) types.push(item?.type ?? 'foreign');
        expect(types.sort()).toEqual(items.map((item) => item.type as string).sort());
        expect(new TextDecoder().decode((await own.attachments()).get('config.toml'))).toBe('name = "x"');
        expect((await own.metadata()).get('session')?.get('session_id')).toBe('x');
      }),
      { numRuns: 40 },
    );
  });

  it('without messages is a valid part too', async () => {
    const { whole } = writePart([], 1);
    expect((await PartReader.open(bytesSource(whole), decompress)).chunkIndexes).toEqual([]);
    expect(await readTail(bytesSource(whole), decompress)).toMatchObject({ channels: [], complete: true });
  });

  it('tells its tail without a scan of the chunks, whole or cut after any chunk', async () => {
    await fc.assert(
      fc.asyncProperty(someItems, fc.integer({ min: 1, max: 9 }), fc.nat(), async (items, perChunk, pick) => {
        const { whole, chunkEnds, chunks } = writePart(items, perChunk);
        const kept = (pick % chunks.length) + 1;
        const last = { 'a/1': 0, 'b/2': 0 } as { [producer: string]: number };
        for (const [producer, seq] of chunks.slice(0, kept).flat()) last[producer] = seq;
        const torn = Buffer.concat([whole.subarray(0, (chunkEnds[kept - 1] as number) + (pick % 40))]);
        const tail = await readTail(bytesSource(torn), decompress);
        const acks = Object.fromEntries(tailAcks(tail.channels).map((ack) => [ack.producer, ack.upTo]));
        expect({ 'a/1': 0, 'b/2': 0, ...acks }).toEqual(
          kept === chunks.length && pick % 40 > 0 ? expect.anything() : last,
        );
        expect(tail.metadata.get('session')?.get('session_id')).toBe('x');
        const full = tailAcks((await readTail(bytesSource(whole), decompress)).channels);
        for (const ack of full)
          expect(ack.upTo).toBe(chunks.flat().findLast(([producer]) => producer === ack.producer)?.[1]);
      }),
      { numRuns: 60 },
    );
  });

  it('salvages every whole chunk of a part cut anywhere, also with a zero tail', async () => {
    const items = fc.sample(dataItem, { numRuns: 60, seed: 7 });
    const { whole, chunkEnds, chunks } = writePart(items, 7);
    for (let cut = 10; cut < whole.length; cut += 97) {
      for (const tail of [0, 5000]) {
        const torn = Buffer.concat([whole.subarray(0, cut), new Uint8Array(tail)]);
        const found = await salvage(torn);
        // A chunk is whole from its own end on; its message indexes follow it.
        const sure = chunks.filter((_, index) => (chunkEnds[index] as number) <= cut).flat();
        expect(sequences(found).slice(0, sure.length)).toEqual(sure);
        expect(found.at(-1)?.type).toBe('end');
      }
    }
  });

  it('loses only the chunk that was damaged and says where', async () => {
    const items = fc.sample(dataItem, { numRuns: 60, seed: 11 });
    const { whole, chunkEnds, chunks } = writePart(items, 6);
    // The chunk after the third one: its records begin where the third ends, so search the opcode from there.
    const record = findChunk(whole, chunkEnds[2] as number);
    for (const at of [record + 60, record + 3, record + 25]) {
      const broken = new Uint8Array(whole);
      broken[at] = (broken[at] as number) ^ 0x10;
      const found = await salvage(broken);
      const kept = sequences(found);
      expect(kept).toEqual(chunks.filter((_, index) => index !== 3).flat());
      expect(found.filter((item) => item.type === 'gap')).toHaveLength(1);
    }
  });

  it('never throws, whatever was damaged, and reports it', async () => {
    const items = fc.sample(dataItem, { numRuns: 40, seed: 3 });
    const { whole } = writePart(items, 6);
    await fc.assert(
      fc.asyncProperty(
        fc.nat(whole.length - 1),
        fc.uint8Array({ minLength: 1, maxLength: 40 }),
        async (at, noise) => {
          const broken = new Uint8Array(whole);
          broken.set(noise.subarray(0, whole.length - at), at);
          const found = await salvage(broken);
          expect(found.at(-1)?.type).toBe('end');
        },
      ),
      { numRuns: 150 },
    );
  });
});

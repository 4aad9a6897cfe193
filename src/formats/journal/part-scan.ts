import { MCAP_MAGIC, Opcode } from '@mcap/core';
import type { McapTypes } from '@mcap/core';
import { crc32 } from '../crc32.ts';
import {
  RECORD_HEADER_BYTES,
  messageIndexChannel,
  readAttachment,
  readChannel,
  readChunk,
  readMetadata,
  readSchema,
} from './mcap-records.ts';
import type { ChunkContent } from './mcap-records.ts';
import { WindowedSource } from './part-source.ts';
import type { Decompress, PartSource } from './part-source.ts';

/** Bytes that hold no readable record. `to` is exclusive. */
export interface PartGap {
  readonly from: number;
  readonly to: number;
  readonly reason: 'zero tail' | 'cut short' | 'not a record' | 'chunk damaged';
}

export type ScanItem =
  | { readonly type: 'schema'; readonly schema: McapTypes.Schema }
  | { readonly type: 'channel'; readonly channel: McapTypes.Channel }
  | { readonly type: 'metadata'; readonly metadata: McapTypes.Metadata }
  | { readonly type: 'attachment'; readonly attachment: McapTypes.Attachment }
  /** `offset` of the record; `length` with its header. `records` only when chunks are verified. */
  | {
      readonly type: 'chunk';
      readonly offset: number;
      readonly length: number;
      readonly records: Uint8Array | null;
    }
  | { readonly type: 'message-index'; readonly channelId: number }
  | { readonly type: 'gap'; readonly gap: PartGap }
  /** Offset after the last whole record; `complete` when the footer stands there. */
  | { readonly type: 'end'; readonly offset: number; readonly complete: boolean };

/** No record of ours is larger; a length above it is damage. */
const RECORD_BYTES_MAX = 256 << 20;
const CHUNK_BYTES_MAX = 64 << 20;
const OPCODE_MAX: number = Opcode.DATA_END;
const CHAIN_BYTES_MAX = 1 << 18;
const CHAIN_OPCODES: readonly number[] = [Opcode.SCHEMA, Opcode.CHANNEL, Opcode.MESSAGE_INDEX];
const COMPRESSIONS = ['', 'zstd', 'lz4'];

/** Decompresses and checks size and CRC; null when the chunk is damaged. */
export function openChunk(chunk: ChunkContent, decompress: Decompress): Uint8Array | null {
  const size = Number(chunk.uncompressedSize);
  if (size > CHUNK_BYTES_MAX || !COMPRESSIONS.includes(chunk.compression)) return null;
  try {
    const raw = chunk.compression === '' ? chunk.records : decompress(chunk.compression, chunk.records, size);
    return raw.length === size && crc32(raw) === chunk.uncompressedCrc ? raw : null;
  } catch {
    return null;
  }
}

interface Header {
  readonly opcode: number;
  readonly length: number;
}

async function headerAt(source: WindowedSource, offset: number): Promise<Header | null> {
  const bytes = await source.peek(offset, RECORD_HEADER_BYTES);
  if (bytes.length < RECORD_HEADER_BYTES) return null;
  const length = new DataView(bytes.buffer, bytes.byteOffset, bytes.length).getBigUint64(1, true);
  return {
    opcode: bytes[0] as number,
    length: length > BigInt(RECORD_BYTES_MAX) ? Infinity : Number(length),
  };
}

function isPlausible(header: Header, offset: number, size: number): boolean {
  const known = (header.opcode >= 1 && header.opcode <= OPCODE_MAX) || header.opcode >= 0x80;
  return known && offset + RECORD_HEADER_BYTES + header.length <= size;
}

/** Reads the chunk whose record starts at `offset`, checked; null when there is none. */
async function chunkAt(
  source: WindowedSource,
  offset: number,
  decompress: Decompress,
): Promise<Uint8Array | null> {
  const header = await headerAt(source, offset);
  if (header?.opcode !== Opcode.CHUNK || !isPlausible(header, offset, source.size)) return null;
  const content = await source.peek(offset + RECORD_HEADER_BYTES, header.length);
  try {
    return openChunk(readChunk(content), decompress);
  } catch {
    return null;
  }
}

/** Next offset at or after `from` where a chunk stands whose CRC holds; the size when there is none. */
async function resync(source: WindowedSource, from: number, decompress: Decompress): Promise<number> {
  const stride = 1 << 16;
  for (let base = from; base < source.size; base += stride) {
    const bytes = (await source.peek(base, stride)).slice();
    for (let at = bytes.indexOf(Opcode.CHUNK); at >= 0; at = bytes.indexOf(Opcode.CHUNK, at + 1)) {
      if ((await chunkAt(source, base + at, decompress)) !== null) return chainStart(source, from, base + at);
    }
  }
  return source.size;
}

/** Small records (channels first used in this chunk) may stand before `chunk`: the first that leads exactly to it. */
async function chainStart(source: WindowedSource, from: number, chunk: number): Promise<number> {
  const bytes = (
    await source.peek(Math.max(from, chunk - CHAIN_BYTES_MAX), Math.min(chunk - from, CHAIN_BYTES_MAX))
  ).slice();
  const view = new DataView(bytes.buffer);
  const leadsToChunk = (start: number): boolean => {
    let at = start;
    while (at + RECORD_HEADER_BYTES <= bytes.length && CHAIN_OPCODES.includes(bytes[at] as number)) {
      const length = view.getBigUint64(at + 1, true);
      if (length > BigInt(bytes.length)) return false;
      at += RECORD_HEADER_BYTES + Number(length);
    }
    return at === bytes.length;
  };
  for (let start = 0; start < bytes.length; start++)
    if (leadsToChunk(start)) return chunk - bytes.length + start;
  return chunk;
}

async function isZeroFrom(source: WindowedSource, offset: number): Promise<boolean> {
  for (let at = offset; at < source.size; at += 1 << 16)
    if ((await source.peek(at, 1 << 16)).some((byte) => byte !== 0)) return false;
  return true;
}

async function gapAt(source: WindowedSource, from: number, decompress: Decompress): Promise<PartGap> {
  if (await isZeroFrom(source, from)) return { from, to: source.size, reason: 'zero tail' };
  const header = await headerAt(source, from);
  const to = await resync(source, from + 1, decompress);
  const cut = to === source.size && (header === null || (header.opcode >= 1 && header.opcode <= OPCODE_MAX));
  return { from, to, reason: cut ? 'cut short' : 'not a record' };
}

function smallRecord(opcode: number, content: Uint8Array): ScanItem | 'damaged' | null {
  try {
    switch (opcode) {
      case Opcode.SCHEMA:
        return { type: 'schema', schema: readSchema(content) };
      case Opcode.CHANNEL:
        return { type: 'channel', channel: readChannel(content) };
      case Opcode.METADATA:
        return { type: 'metadata', metadata: readMetadata(content) };
      case Opcode.ATTACHMENT:
        return attachmentHolds(content)
          ? { type: 'attachment', attachment: readAttachment(content) }
          : 'damaged';
      case Opcode.MESSAGE_INDEX:
        return { type: 'message-index', channelId: messageIndexChannel(content) };
      default:
        return null;
    }
  } catch (error) {
    if (error instanceof RangeError) return 'damaged';
    throw error;
  }
}

function attachmentHolds(content: Uint8Array): boolean {
  const end = content.length - 4;
  const stored = new DataView(content.buffer, content.byteOffset + end, 4).getUint32(0, true);
  return crc32(content.subarray(0, end)) === stored;
}

/**
 * Walks a part from its start, whole or torn. With `verify` every chunk is decompressed and checked by its CRC, and
 * damage becomes a gap after which the walk goes on at the next good chunk (`spec/dam-quire-capsule.md` §6.7);
 * without, chunks are only located. Ends with exactly one `end`. The summary section is not reported.
 */
export async function* scanPart(
  part: PartSource,
  options: { readonly decompress: Decompress; readonly verify: boolean },
): AsyncGenerator<ScanItem, void, void> {
  const source = new WindowedSource(part);
  const magic = await source.peek(0, MCAP_MAGIC.length);
  let at = MCAP_MAGIC.every((byte, index) => magic[index] === byte) ? MCAP_MAGIC.length : 0;
  let end = at;
  while (at < source.size) {
    const header = await headerAt(source, at);
    if (header === null || !isPlausible(header, at, source.size)) {
      const gap = await gapAt(source, at, options.decompress);
      yield { type: 'gap', gap };
      at = gap.to;
      continue;
    }
    const { opcode } = header;
    const length = RECORD_HEADER_BYTES + header.length;
    if (opcode === Opcode.DATA_END) {
      const complete = await hasFooter(source);
      yield { type: 'end', offset: complete ? source.size : at, complete };
      return;
    }
    if (opcode === Opcode.CHUNK) {
      const records = options.verify ? await chunkAt(source, at, options.decompress) : null;
      if (options.verify && records === null) {
        const to = await afterBadChunk(source, at, length, options.decompress);
        yield { type: 'gap', gap: { from: at, to, reason: 'chunk damaged' } };
        at = to;
        continue;
      }
      yield { type: 'chunk', offset: at, length, records };
    } else if (opcode < Opcode.CHUNK_INDEX || opcode === Opcode.ATTACHMENT || opcode === Opcode.METADATA) {
      const item = smallRecord(opcode, await source.peek(at + RECORD_HEADER_BYTES, header.length));
      if (item === 'damaged')
        yield { type: 'gap', gap: { from: at, to: at + length, reason: 'not a record' } };
      else if (item !== null) yield item;
    }
    at += length;
    end = at;
  }
  yield { type: 'end', offset: end, complete: false };
}

/** A damaged chunk with an honest length is stepped over; else the next good chunk is searched. */
async function afterBadChunk(
  source: WindowedSource,
  at: number,
  length: number,
  decompress: Decompress,
): Promise<number> {
  const next = await headerAt(source, at + length);
  if (next?.opcode === Opcode.MESSAGE_INDEX && isPlausible(next, at + length, source.size))
    return at + length;
  return resync(source, at + 1, decompress);
}

async function hasFooter(source: WindowedSource): Promise<boolean> {
  const tail = await source.peek(source.size - MCAP_MAGIC.length, MCAP_MAGIC.length);
  return MCAP_MAGIC.every((byte, index) => tail[index] === byte);
}

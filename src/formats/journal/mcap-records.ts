import { Opcode } from '@mcap/core';
import type { McapTypes } from '@mcap/core';

const UTF8 = new TextDecoder();

/** Reads the fields of one MCAP record. Throws RangeError past the end: the caller holds a whole record. */
class FieldReader {
  readonly #bytes: Uint8Array;
  readonly #view: DataView;
  at = 0;

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes;
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  }

  get rest(): number {
    return this.#bytes.length - this.at;
  }
  u16(): number {
    return this.#view.getUint16((this.at += 2) - 2, true);
  }
  u32(): number {
    return this.#view.getUint32((this.at += 4) - 4, true);
  }
  u64(): bigint {
    return this.#view.getBigUint64((this.at += 8) - 8, true);
  }
  raw(length: number): Uint8Array {
    if (length > this.rest) throw new RangeError(`field of ${length} bytes, ${this.rest} left`);
    return this.#bytes.subarray(this.at, (this.at += length));
  }
  text(): string {
    return UTF8.decode(this.raw(this.u32()));
  }
  map(): Map<string, string> {
    const end = this.u32() + this.at;
    const map = new Map<string, string>();
    while (this.at < end) map.set(this.text(), this.text());
    return map;
  }
}

/** Content of a Chunk record, still compressed. */
export interface ChunkContent extends McapTypes.Chunk {
  readonly records: Uint8Array;
}

export function readChunk(content: Uint8Array): ChunkContent {
  const reader = new FieldReader(content);
  return {
    messageStartTime: reader.u64(),
    messageEndTime: reader.u64(),
    uncompressedSize: reader.u64(),
    uncompressedCrc: reader.u32(),
    compression: reader.text(),
    records: reader.raw(Number(reader.u64())),
  };
}

export function readSchema(content: Uint8Array): McapTypes.Schema {
  const reader = new FieldReader(content);
  return {
    id: reader.u16(),
    name: reader.text(),
    encoding: reader.text(),
    data: reader.raw(reader.u32()).slice(),
  };
}

export function readChannel(content: Uint8Array): McapTypes.Channel {
  const reader = new FieldReader(content);
  return {
    id: reader.u16(),
    schemaId: reader.u16(),
    topic: reader.text(),
    messageEncoding: reader.text(),
    metadata: reader.map(),
  };
}

export function readMetadata(content: Uint8Array): McapTypes.Metadata {
  const reader = new FieldReader(content);
  return { name: reader.text(), metadata: reader.map() };
}

export function readAttachment(content: Uint8Array): McapTypes.Attachment {
  const reader = new FieldReader(content);
  return {
    logTime: reader.u64(),
    createTime: reader.u64(),
    name: reader.text(),
    mediaType: reader.text(),
    data: reader.raw(Number(reader.u64())).slice(),
  };
}

/** Channel a MessageIndex record is about. */
export function messageIndexChannel(content: Uint8Array): number {
  return new FieldReader(content).u16();
}

export function readMessage(content: Uint8Array): McapTypes.Message {
  const reader = new FieldReader(content);
  return {
    channelId: reader.u16(),
    sequence: reader.u32(),
    logTime: reader.u64(),
    publishTime: reader.u64(),
    data: reader.raw(reader.rest),
  };
}

export const RECORD_HEADER_BYTES = 9;

/** Records of an uncompressed chunk, in order. */
export function* recordsOf(chunk: Uint8Array): Generator<{ opcode: number; content: Uint8Array }> {
  const view = new DataView(chunk.buffer, chunk.byteOffset, chunk.length);
  for (let at = 0; at < chunk.length;) {
    const length = Number(view.getBigUint64(at + 1, true));
    const start = at + RECORD_HEADER_BYTES;
    if (start + length > chunk.length) throw new RangeError(`chunk: record of ${length} bytes at ${at}`);
    yield { opcode: chunk[at] as number, content: chunk.subarray(start, start + length) };
    at = start + length;
  }
}

export function* messagesOf(chunk: Uint8Array): Generator<McapTypes.Message> {
  for (const { opcode, content } of recordsOf(chunk))
    if (opcode === Opcode.MESSAGE) yield readMessage(content);
}

import { SLOT_CONTENT_OFFSET } from './slot.ts';
import type { SlotHeader, SlotState } from './slot.ts';

/**
 * Bytes of a slot header. Two records of 2,048 bytes alternate by generation, so a cut in the middle of a write
 * leaves the other one: magic, u32 length, u32 CRC-32 of the JSON, the JSON.
 */
const RECORD_BYTES = SLOT_CONTENT_OFFSET / 2;
const MAGIC = new TextEncoder().encode('BSSLOT01');
const JSON_OFFSET = MAGIC.length + 8;
const NOTE_JSON_BYTES_MAX = 1000;
const STATES: readonly string[] = [
  'free',
  'open',
  'closed',
  'draft',
  'member',
  'bundle',
] satisfies SlotState[];

/** Bit-wise CRC-32: headers are small and rare. */
export function headerCrc(bytes: Uint8Array): number {
  let crc = ~0;
  for (const byte of bytes) {
    crc ^= byte;
    for (let bit = 0; bit < 8; bit++) crc = (crc >>> 1) ^ (0xedb88320 & -(crc & 1));
  }
  return ~crc >>> 0;
}

export interface HeaderRecord {
  /** Where in the file it goes. */
  readonly at: number;
  readonly bytes: Uint8Array;
}

/** Throws RangeError when the header does not fit: its facts are ours, so that is a bug. */
export function encodeHeader(header: SlotHeader): HeaderRecord {
  // The slot's own name is its file name.
  const facts = { ...header, slot: undefined };
  const encoder = new TextEncoder();
  const noteBytes = encoder.encode(JSON.stringify(header.note)).length;
  if (noteBytes >= NOTE_JSON_BYTES_MAX)
    throw new RangeError(`slot note: ${noteBytes} bytes of JSON, below ${NOTE_JSON_BYTES_MAX}`);
  const json = encoder.encode(JSON.stringify(facts));
  if (JSON_OFFSET + json.length > RECORD_BYTES)
    throw new RangeError(`slot header: ${json.length} bytes of JSON, at most ${RECORD_BYTES - JSON_OFFSET}`);
  const bytes = new Uint8Array(RECORD_BYTES);
  bytes.set(MAGIC);
  const view = new DataView(bytes.buffer);
  view.setUint32(MAGIC.length, json.length, true);
  view.setUint32(MAGIC.length + 4, headerCrc(json), true);
  bytes.set(json, JSON_OFFSET);
  return { at: (header.generation % 2) * RECORD_BYTES, bytes };
}

function decodeRecord(slot: string, record: Uint8Array): SlotHeader | null {
  if (record.length < JSON_OFFSET || !MAGIC.every((byte, index) => record[index] === byte)) return null;
  const view = new DataView(record.buffer, record.byteOffset, record.length);
  const length = view.getUint32(MAGIC.length, true);
  if (JSON_OFFSET + length > record.length) return null;
  const json = record.subarray(JSON_OFFSET, JSON_OFFSET + length);
  if (headerCrc(json) !== view.getUint32(MAGIC.length + 4, true)) return null;
  // Our own bytes, proved whole by the CRC.
  const facts = JSON.parse(new TextDecoder().decode(json)) as Omit<SlotHeader, 'slot'>;
  return STATES.includes(facts.state) ? { slot, ...facts } : null;
}

/** The newer valid one of the two records; null when neither holds (a file cut in its very first write). */
export function decodeHeader(slot: string, first4096: Uint8Array): SlotHeader | null {
  const [a, b] = [0, RECORD_BYTES].map((at) => decodeRecord(slot, first4096.subarray(at, at + RECORD_BYTES)));
  if (a == null || b == null) return a ?? b ?? null;
  return a.generation > b.generation ? a : b;
}

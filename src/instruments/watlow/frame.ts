/** Outer frame of Watlow Standard Bus (`spec/protocols.md` §2.2): 55 FF, header with CRC-8, payload with CRC-16. */
import { dataCrc, headerCrc } from './checksum.ts';

export const REQUEST = 0x05;
export const REPLY = 0x06;
/** Ours; the controller answers to whatever host address asked. */
export const HOST_MAC = 0x00;
const HEADER_BYTES = 8;
/** Longest payload taken: a damaged length must not make the receiver wait for 64 KiB. */
const PAYLOAD_BYTES_MAX = 512;

export interface BusFrame {
  readonly type: number;
  readonly destination: number;
  readonly source: number;
  readonly payload: Uint8Array;
}

/** Bus address 1–16 is MAC 10–1F. */
export function macOf(address: number): number {
  return 0x0f + address;
}

export function encodeFrame(frame: BusFrame): Uint8Array {
  const { payload } = frame;
  const bytes = new Uint8Array(HEADER_BYTES + (payload.length > 0 ? payload.length + 2 : 0));
  bytes.set([
    0x55,
    0xff,
    frame.type,
    frame.destination,
    frame.source,
    payload.length >> 8,
    payload.length & 0xff,
  ]);
  bytes[7] = headerCrc(bytes.subarray(2, 7));
  if (payload.length > 0) {
    const crc = dataCrc(payload);
    bytes.set(payload, HEADER_BYTES);
    bytes.set([crc & 0xff, crc >> 8], HEADER_BYTES + payload.length);
  }
  return bytes;
}

export type FrameScan =
  | { readonly type: 'more' }
  | { readonly type: 'garbage'; readonly consumed: number }
  | { readonly type: 'frame'; readonly frame: BusFrame; readonly consumed: number }
  /** Header good, payload not: whose frame it was is known. */
  | {
      readonly type: 'damaged';
      readonly frame: BusFrame;
      readonly detail: string;
      readonly consumed: number;
    };

/** Hunts the next frame in what was received. What it decides does not depend on how the bytes were cut. */
export function scanFrame(received: Uint8Array): FrameScan {
  const start = received.indexOf(0x55);
  if (start !== 0) {
    return received.length === 0
      ? { type: 'more' }
      : { type: 'garbage', consumed: start < 0 ? received.length : start };
  }
  // A repeated 55 is still a preamble: drop the first of two.
  const second = received[1];
  if (second === undefined) return { type: 'more' };
  if (second !== 0xff) return { type: 'garbage', consumed: 1 };
  if (received.length < HEADER_BYTES) return { type: 'more' };
  const [, , type = 0, destination = 0, source = 0, high = 0, low = 0, crc = 0] = received;
  const length = high * 256 + low;
  if (headerCrc(received.subarray(2, 7)) !== crc || length > PAYLOAD_BYTES_MAX) {
    // Not a header after all: hunt on behind its first byte.
    return { type: 'garbage', consumed: 1 };
  }
  const consumed = HEADER_BYTES + (length > 0 ? length + 2 : 0);
  if (received.length < consumed) return { type: 'more' };
  const payload = received.slice(HEADER_BYTES, HEADER_BYTES + length);
  const frame: BusFrame = { type, destination, source, payload };
  if (length === 0) return { type: 'frame', frame, consumed };
  const sent = (received[consumed - 2] ?? 0) | ((received[consumed - 1] ?? 0) << 8);
  const computed = dataCrc(payload);
  if (computed === sent) return { type: 'frame', frame, consumed };
  const detail = `data CRC: expected ${hex(computed, 4)}, got ${hex(sent, 4)}`;
  return { type: 'damaged', frame, detail, consumed };
}

export function hex(value: number, digits: number): string {
  return value.toString(16).toUpperCase().padStart(digits, '0');
}

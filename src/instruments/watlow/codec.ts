/** Attribute service inside the frames (`spec/protocols.md` §2.3): requests, and scanners for their replies. */
import type { Scan, Scanner } from '../adapter.ts';
import { encodeFrame, hex, HOST_MAC, macOf, REPLY, REQUEST, scanFrame, type BusFrame } from './frame.ts';
import { decodeValue, encodeValue, type WireValue } from './value.ts';

/** Manual number = class × 1000 + member; instances from 1. */
export interface Attribute {
  readonly id: number;
  readonly instance: number;
}

const READ = 0x03;
const WRITE = 0x04;
const ONE_ATTRIBUTE = 0x01;
const FROM_HOST = 0x01;
const FROM_DEVICE = 0x02;

const ERRORS: { readonly [code: number]: string } = {
  0x80: 'access denied',
  0x81: 'no such object',
  0x83: 'no such attribute',
  0x84: 'no such instance',
};

function selector(attribute: Attribute): readonly [number, number, number] {
  return [Math.floor(attribute.id / 1000), attribute.id % 1000, attribute.instance];
}

export function readRequest(address: number, attribute: Attribute): Uint8Array {
  return request(address, Uint8Array.of(FROM_HOST, READ, ONE_ATTRIBUTE, ...selector(attribute)));
}

export function writeRequest(address: number, attribute: Attribute, value: WireValue): Uint8Array {
  return request(address, Uint8Array.of(FROM_HOST, WRITE, ...selector(attribute), ...encodeValue(value)));
}

function request(address: number, payload: Uint8Array): Uint8Array {
  return encodeFrame({ type: REQUEST, destination: macOf(address), source: HOST_MAC, payload });
}

export function readScanner(address: number, attribute: Attribute): Scanner<WireValue> {
  return replyScanner(address, Uint8Array.of(FROM_DEVICE, READ, ONE_ATTRIBUTE, ...selector(attribute)));
}

export function writeScanner(address: number, attribute: Attribute): Scanner<WireValue> {
  return replyScanner(address, Uint8Array.of(FROM_DEVICE, WRITE, ...selector(attribute)));
}

/** `head` is all a good reply must begin with: service, mode, class, member, instance. */
function replyScanner(address: number, head: Uint8Array): Scanner<WireValue> {
  return (received) => {
    const found = scanFrame(received);
    if (found.type === 'more') return found;
    const { consumed } = found;
    if (found.type === 'garbage') return { type: 'skip', consumed, why: 'garbage' };
    if (found.frame.type === REQUEST) return { type: 'skip', consumed, why: 'echo' };
    if (found.frame.type !== REPLY) return { type: 'skip', consumed, why: 'garbage' };
    if (found.frame.source !== macOf(address) || found.frame.destination !== HOST_MAC) {
      return { type: 'skip', consumed, why: 'address' };
    }
    if (found.type === 'damaged') return { type: 'bad', code: 'crc', detail: found.detail, consumed };
    return readPayload(found.frame, head, consumed);
  };
}

function readPayload({ payload }: BusFrame, head: Uint8Array, consumed: number): Scan<WireValue> {
  const [direction, service = 0] = payload;
  if (direction === FROM_DEVICE && payload.length === 2 && (service & 0x80) !== 0) {
    const meaning = ERRORS[service];
    const detail = `device error 0x${hex(service, 2)}${meaning === undefined ? '' : ` (${meaning})`}`;
    return { type: 'bad', code: 'nak', detail, consumed };
  }
  if (head.some((byte, index) => payload[index] !== byte)) {
    const detail = `reply to something else: expected ${bytesText(head)}, got ${bytesText(payload.subarray(0, head.length))}`;
    return { type: 'bad', code: 'unexpected', detail, consumed };
  }
  const value = decodeValue(payload.subarray(head.length));
  if (value === null) {
    const detail = `value not understood: ${bytesText(payload.subarray(head.length))}`;
    return { type: 'bad', code: 'malformed', detail, consumed };
  }
  return { type: 'frame', value, consumed };
}

function bytesText(bytes: Uint8Array): string {
  return Array.from(bytes, (byte) => hex(byte, 2)).join(' ');
}

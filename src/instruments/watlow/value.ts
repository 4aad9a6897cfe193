/** Values of Watlow Standard Bus: one tag byte, then the value (`spec/protocols.md` §2.3). */
export type WireType = 'u8' | 'u16' | 'u32' | 's32' | 'float' | 'string' | 'enum' | 'packed';

export type WireValue =
  | { readonly type: Exclude<WireType, 'string' | 'packed'>; readonly value: number }
  | { readonly type: 'string'; readonly value: string }
  /** A tag 0F with other than one word: never seen, kept as it is. */
  | { readonly type: 'packed'; readonly value: readonly number[] };

/** The value, or null when tag, length and bytes do not agree exactly. */
export function decodeValue(bytes: Uint8Array): WireValue | null {
  const [tag] = bytes;
  const body = bytes.subarray(1);
  const view = new DataView(body.buffer, body.byteOffset, body.byteLength);
  switch (tag) {
    case 0x01:
      return body.length === 1 ? { type: 'u8', value: view.getUint8(0) } : null;
    case 0x03:
      return body.length === 2 ? { type: 'u16', value: view.getUint16(0) } : null;
    case 0x05:
      return body.length === 4 ? { type: 'u32', value: view.getUint32(0) } : null;
    case 0x06:
      return body.length === 4 ? { type: 's32', value: view.getInt32(0) } : null;
    case 0x08:
      return body.length === 4 ? { type: 'float', value: view.getFloat32(0) } : null;
    case 0x09:
      return text(body);
    case 0x0f:
      return words(view);
    default:
      return null;
  }
}

/** Length byte, then ASCII, NUL padded. */
function text(body: Uint8Array): WireValue | null {
  const length = body[0];
  if (length === undefined || body.length !== 1 + length) return null;
  let value = '';
  for (const byte of body.subarray(1)) {
    if (byte === 0) break;
    if (byte < 0x20 || byte > 0x7e) return null;
    value += String.fromCharCode(byte);
  }
  return { type: 'string', value: value.trimEnd() };
}

function words(view: DataView): WireValue | null {
  if (view.byteLength < 1) return null;
  const count = view.getUint8(0);
  if (view.byteLength !== 1 + count * 2) return null;
  const values = Array.from({ length: count }, (_, index) => view.getUint16(1 + index * 2));
  const [only] = values;
  return count === 1 && only !== undefined
    ? { type: 'enum', value: only }
    : { type: 'packed', value: values };
}

export function encodeValue(value: WireValue): Uint8Array {
  switch (value.type) {
    case 'u8':
      return Uint8Array.of(0x01, value.value);
    case 'u16':
      return Uint8Array.of(0x03, value.value >> 8, value.value & 0xff);
    case 'u32':
    case 's32': {
      const bytes = new Uint8Array(5);
      bytes[0] = value.type === 'u32' ? 0x05 : 0x06;
      new DataView(bytes.buffer).setInt32(1, value.value | 0);
      return bytes;
    }
    case 'float': {
      const bytes = new Uint8Array(5);
      bytes[0] = 0x08;
      new DataView(bytes.buffer).setFloat32(1, value.value);
      return bytes;
    }
    case 'string': {
      const characters = new TextEncoder().encode(value.value);
      // The captured part number carries its terminating NUL in the length.
      return Uint8Array.of(0x09, characters.length + 1, ...characters, 0);
    }
    case 'enum':
      return Uint8Array.of(0x0f, 1, value.value >> 8, value.value & 0xff);
    case 'packed':
      return Uint8Array.of(
        0x0f,
        value.value.length,
        ...value.value.flatMap((word) => [word >> 8, word & 0xff]),
      );
  }
}

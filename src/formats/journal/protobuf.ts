/** The few lines of protobuf the journal needs: a growing writer, a field reader, descriptors. */

export const WIRE_TYPE = { varint: 0, fixed64: 1, bytes: 2, fixed32: 5 } as const;
const TEXT = new TextEncoder();
const UTF8 = new TextDecoder();

/** Bytes a varint of `value` (a safe non-negative integer) takes. */
function varintLength(value: number): number {
  let length = 1;
  for (let rest = value; rest >= 0x80; rest = Math.floor(rest / 128)) length++;
  return length;
}

/** Appends fields to one buffer. Numbers are safe integers or doubles; proto3 defaults are written too. */
export class ProtobufWriter {
  #bytes: Uint8Array<ArrayBuffer>;
  #view: DataView;
  #length = 0;

  constructor(capacity: number) {
    this.#bytes = new Uint8Array(capacity);
    this.#view = new DataView(this.#bytes.buffer);
  }

  get length(): number {
    return this.#length;
  }

  uint(field: number, value: number): this {
    this.#tag(field, WIRE_TYPE.varint);
    this.#varint(value, 1);
    return this;
  }

  sfixed64(field: number, value: number): this {
    this.#tag(field, WIRE_TYPE.fixed64);
    this.#reserve(8);
    this.#view.setBigInt64(this.#length, BigInt(value), true);
    this.#length += 8;
    return this;
  }

  double(field: number, value: number): this {
    this.#tag(field, WIRE_TYPE.fixed64);
    this.#reserve(8);
    this.#view.setFloat64(this.#length, value, true);
    this.#length += 8;
    return this;
  }

  text(field: number, value: string): this {
    return this.bytes(field, TEXT.encode(value));
  }

  bytes(field: number, value: Uint8Array): this {
    this.#tag(field, WIRE_TYPE.bytes);
    this.#varint(value.length, 1);
    this.#append(value);
    return this;
  }

  /**
   * Packed doubles that begin at a multiple of 8 from the start of the message: the length varint is padded with
   * continuation bytes (legal protobuf), so a reader with an aligned buffer needs no copy.
   */
  packedDoubles(field: number, values: Float64Array): this {
    this.#tag(field, WIRE_TYPE.bytes);
    const shortest = varintLength(values.byteLength);
    const padding = (8 - ((this.#length + shortest) % 8)) % 8;
    this.#varint(values.byteLength, shortest + padding);
    this.#append(new Uint8Array(values.buffer, values.byteOffset, values.byteLength));
    return this;
  }

  finish(): Uint8Array<ArrayBuffer> {
    return this.#bytes.subarray(0, this.#length);
  }

  #tag(field: number, wireType: number): void {
    this.#varint(field * 8 + wireType, 1);
  }

  #varint(value: number, lengthMin: number): void {
    this.#reserve(10);
    let rest = value;
    let written = 1;
    while (rest >= 0x80 || written < lengthMin) {
      this.#bytes[this.#length++] = (rest % 128) | 0x80;
      rest = Math.floor(rest / 128);
      written++;
    }
    this.#bytes[this.#length++] = rest;
  }

  #append(value: Uint8Array): void {
    this.#reserve(value.length);
    this.#bytes.set(value, this.#length);
    this.#length += value.length;
  }

  #reserve(more: number): void {
    if (this.#length + more <= this.#bytes.length) return;
    const grown = new Uint8Array(Math.max(this.#bytes.length * 2, this.#length + more));
    grown.set(this.#bytes.subarray(0, this.#length));
    this.#bytes = grown;
    this.#view = new DataView(grown.buffer);
  }
}

export type ProtobufValue = number | Uint8Array;

/**
 * Fields of a message by number, the last of each. Varints and fixed64 integers must be safe integers.
 * `doubles` names the fixed64 fields that are doubles. Throws on a malformed message: a journal chunk has a CRC, so
 * a bad one is a broken invariant.
 */
export function readFields(bytes: Uint8Array, doubles: readonly number[] = []): Map<number, ProtobufValue> {
  const fields = new Map<number, ProtobufValue>();
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  let at = 0;
  const varint = (): number => {
    let value = 0;
    for (let scale = 1, count = 0; count < 10; scale *= 128, count++) {
      const byte = view.getUint8(at++);
      value += (byte & 0x7f) * scale;
      if (byte < 0x80) return value;
    }
    throw new Error('protobuf: varint longer than 10 bytes');
  };
  while (at < bytes.length) {
    const tag = varint();
    const field = Math.floor(tag / 8);
    const wireType = tag % 8;
    if (wireType === WIRE_TYPE.varint) fields.set(field, varint());
    else if (wireType === WIRE_TYPE.fixed64) {
      fields.set(
        field,
        doubles.includes(field) ? view.getFloat64(at, true) : Number(view.getBigInt64(at, true)),
      );
      at += 8;
    } else if (wireType === WIRE_TYPE.bytes) {
      const length = varint();
      if (at + length > bytes.length) throw new Error(`protobuf: field ${field} runs past the end`);
      fields.set(field, bytes.subarray(at, at + length));
      at += length;
    } else if (wireType === WIRE_TYPE.fixed32) at += 4;
    else throw new Error(`protobuf: wire type ${wireType} of field ${field}`);
  }
  return fields;
}

export function numberField(fields: Map<number, ProtobufValue>, field: number): number {
  const value = fields.get(field) ?? 0;
  if (typeof value !== 'number') throw new Error(`protobuf: field ${field} is not a number`);
  return value;
}

export function bytesField(fields: Map<number, ProtobufValue>, field: number): Uint8Array {
  const value = fields.get(field) ?? new Uint8Array(0);
  if (typeof value === 'number') throw new Error(`protobuf: field ${field} is not bytes`);
  return value;
}

export function textField(fields: Map<number, ProtobufValue>, field: number): string {
  return UTF8.decode(bytesField(fields, field));
}

/** Packed doubles of a field: a view when the bytes happen to be aligned, else a copy. */
export function doublesField(fields: Map<number, ProtobufValue>, field: number): Float64Array {
  const bytes = bytesField(fields, field);
  const aligned = bytes.byteOffset % 8 === 0 ? bytes : bytes.slice();
  return new Float64Array(aligned.buffer as ArrayBuffer, aligned.byteOffset, bytes.length / 8);
}

/** `google.protobuf.FieldDescriptorProto.Type`. */
export const FIELD_TYPE = { double: 1, uint64: 4, string: 9, bytes: 12, enum: 14, sfixed64: 16 } as const;

export interface FieldDescriptor {
  readonly name: string;
  readonly number: number;
  readonly type: keyof typeof FIELD_TYPE;
  readonly repeated?: true;
  /** Full name with a leading dot, for `enum`. */
  readonly typeName?: string;
}

export interface MessageDescriptor {
  readonly package: string;
  readonly name: string;
  readonly fields: readonly FieldDescriptor[];
  readonly enums?: { readonly [name: string]: readonly string[] };
}

function fieldDescriptor(field: FieldDescriptor): Uint8Array {
  const writer = new ProtobufWriter(64)
    .text(1, field.name)
    .uint(3, field.number)
    .uint(4, field.repeated ? 3 : 1)
    .uint(5, FIELD_TYPE[field.type]);
  if (field.typeName !== undefined) writer.text(6, field.typeName);
  return writer.finish();
}

function enumDescriptor(name: string, values: readonly string[]): Uint8Array {
  const writer = new ProtobufWriter(64).text(1, name);
  values.forEach((value, index) => {
    writer.bytes(2, new ProtobufWriter(32).text(1, value).uint(2, index).finish());
  });
  return writer.finish();
}

/** Bytes of a `google.protobuf.FileDescriptorSet` of one proto3 file with one message: MCAP schema data. */
export function fileDescriptorSet(message: MessageDescriptor): Uint8Array {
  const body = new ProtobufWriter(256).text(1, message.name);
  for (const field of message.fields) body.bytes(2, fieldDescriptor(field));
  for (const [name, values] of Object.entries(message.enums ?? {}))
    body.bytes(4, enumDescriptor(name, values));
  const file = new ProtobufWriter(256)
    .text(1, `${message.package}/${message.name}.proto`)
    .text(2, message.package)
    .bytes(4, body.finish())
    .text(12, 'proto3');
  return new ProtobufWriter(256).bytes(1, file.finish()).finish();
}

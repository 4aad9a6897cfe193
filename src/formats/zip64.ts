/**
 * Our one zip layout: stored members, always Zip64, UTF-8 names, fixed times. A pure function of names, sizes and
 * CRCs, so the same members give the same bytes and every member's offset is known before a byte is written.
 * Format: PKWARE APPNOTE 6.3.10 §4.3.
 */
export interface ZipMember {
  readonly path: string;
  readonly bytes: number;
  readonly crc32: number;
}

export interface ZipPlacement {
  readonly path: string;
  /** Local header, to be followed by the member's bytes. */
  readonly header: Uint8Array<ArrayBuffer>;
  readonly headerOffset: number;
  readonly dataOffset: number;
  readonly bytes: number;
}

export interface ZipLayout {
  readonly members: readonly ZipPlacement[];
  /** Central directory and end records, to be written at `tailOffset`. */
  readonly tail: Uint8Array<ArrayBuffer>;
  readonly tailOffset: number;
  readonly totalBytes: number;
}

export const SIGNATURE = {
  local: 0x04034b50,
  central: 0x02014b50,
  end64: 0x06064b50,
  locator64: 0x07064b50,
  end: 0x06054b50,
} as const;
export const ZIP64_EXTRA_ID = 1;

const VERSION_ZIP64 = 45;
const MADE_BY_UNIX = (3 << 8) | VERSION_ZIP64;
const FLAG_UTF8 = 0x0800;
const METHOD_STORED = 0;
/** 1980-01-01 00:00, the earliest DOS time: the time of sealing must not change the bytes. */
const DOS_TIME = 0;
const DOS_DATE = 0x0021;
const MODE_REGULAR_0644 = 0o100644;
const U32_MAX = 0xffffffff;

export function zipLayout(members: readonly ZipMember[]): ZipLayout {
  let offset = 0;
  const placements = members.map((member) => {
    const header = localHeader(member);
    const headerOffset = offset;
    offset += header.length + member.bytes;
    if (!Number.isSafeInteger(offset))
      throw new Error(`zip of ${offset} bytes is beyond what can be addressed`);
    return {
      path: member.path,
      header,
      headerOffset,
      dataOffset: headerOffset + header.length,
      bytes: member.bytes,
    };
  });
  const directory = members.map((member, index) =>
    centralRecord(member, placements[index]?.headerOffset ?? 0),
  );
  const directoryBytes = directory.reduce((sum, record) => sum + record.length, 0);
  const tail = concat([...directory, endRecords(members.length, directoryBytes, offset)]);
  return { members: placements, tail, tailOffset: offset, totalBytes: offset + tail.length };
}

function localHeader(member: ZipMember): Uint8Array<ArrayBuffer> {
  const name = new TextEncoder().encode(member.path);
  const record = new FieldWriter(30 + name.length + 20);
  record
    .u32(SIGNATURE.local)
    .u16(VERSION_ZIP64)
    .u16(FLAG_UTF8)
    .u16(METHOD_STORED)
    .u16(DOS_TIME)
    .u16(DOS_DATE);
  record.u32(member.crc32).u32(U32_MAX).u32(U32_MAX).u16(name.length).u16(20).raw(name);
  record.u16(ZIP64_EXTRA_ID).u16(16).u64(member.bytes).u64(member.bytes);
  return record.done();
}

function centralRecord(member: ZipMember, headerOffset: number): Uint8Array<ArrayBuffer> {
  const name = new TextEncoder().encode(member.path);
  const record = new FieldWriter(46 + name.length + 28);
  record.u32(SIGNATURE.central).u16(MADE_BY_UNIX).u16(VERSION_ZIP64).u16(FLAG_UTF8).u16(METHOD_STORED);
  record.u16(DOS_TIME).u16(DOS_DATE).u32(member.crc32).u32(U32_MAX).u32(U32_MAX);
  record.u16(name.length).u16(28).u16(0).u16(0).u16(0);
  record
    .u32((MODE_REGULAR_0644 << 16) >>> 0)
    .u32(U32_MAX)
    .raw(name);
  record.u16(ZIP64_EXTRA_ID).u16(24).u64(member.bytes).u64(member.bytes).u64(headerOffset);
  return record.done();
}

function endRecords(count: number, directoryBytes: number, directoryOffset: number): Uint8Array<ArrayBuffer> {
  const record = new FieldWriter(56 + 20 + 22);
  record.u32(SIGNATURE.end64).u64(44).u16(MADE_BY_UNIX).u16(VERSION_ZIP64).u32(0).u32(0);
  record.u64(count).u64(count).u64(directoryBytes).u64(directoryOffset);
  record
    .u32(SIGNATURE.locator64)
    .u32(0)
    .u64(directoryOffset + directoryBytes)
    .u32(1);
  record.u32(SIGNATURE.end).u16(0).u16(0).u16(0xffff).u16(0xffff).u32(U32_MAX).u32(U32_MAX).u16(0);
  return record.done();
}

/** Little-endian fields, one after another, into a record whose size is known. */
class FieldWriter {
  readonly #bytes: Uint8Array<ArrayBuffer>;
  readonly #view: DataView;
  #at = 0;

  constructor(size: number) {
    this.#bytes = new Uint8Array(size);
    this.#view = new DataView(this.#bytes.buffer);
  }
  u16(value: number): this {
    this.#view.setUint16(this.#at, value, true);
    this.#at += 2;
    return this;
  }
  u32(value: number): this {
    this.#view.setUint32(this.#at, value, true);
    this.#at += 4;
    return this;
  }
  u64(value: number): this {
    this.#view.setBigUint64(this.#at, BigInt(value), true);
    this.#at += 8;
    return this;
  }
  raw(bytes: Uint8Array): this {
    this.#bytes.set(bytes, this.#at);
    this.#at += bytes.length;
    return this;
  }
  done(): Uint8Array<ArrayBuffer> {
    if (this.#at !== this.#bytes.length)
      throw new Error(`zip record of ${this.#bytes.length} bytes has ${this.#at}`);
    return this.#bytes;
  }
}

function concat(parts: readonly Uint8Array[]): Uint8Array<ArrayBuffer> {
  const all = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    all.set(part, at);
    at += part.length;
  }
  return all;
}

/** UUIDv7 (RFC 9562 §5.7): 48 bits of epoch ms, version, 74 random bits. `random`: 10 bytes. */
export function uuid7(utcMs: number, random: Uint8Array): string {
  if (random.length !== 10) throw new RangeError(`expected 10 random bytes, actual ${random.length}`);
  const bytes = new Uint8Array(16);
  new DataView(bytes.buffer).setBigUint64(0, BigInt(Math.floor(utcMs)) << 16n);
  bytes.set(random, 6);
  bytes[6] = ((bytes[6] ?? 0) & 0x0f) | 0x70;
  bytes[8] = ((bytes[8] ?? 0) & 0x3f) | 0x80;
  const hex = [...bytes].map((byte) => byte.toString(16).padStart(2, '0')).join('');
  return [hex.slice(0, 8), hex.slice(8, 12), hex.slice(12, 16), hex.slice(16, 20), hex.slice(20)].join('-');
}

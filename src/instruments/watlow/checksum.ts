/** The two checksums of Watlow Standard Bus (`spec/protocols.md` §1.1, §1.2), bit by bit: frames are 20 bytes. */

/** Register after one byte of the header CRC-8 (reflected 0x81). */
export function headerCrcStep(register: number, byte: number): number {
  let next = register ^ byte;
  for (let bit = 0; bit < 8; bit += 1) next = (next & 1) !== 0 ? (next >> 1) ^ 0x81 : next >> 1;
  return next;
}

/** Header CRC over frame type, destination, source, length high, length low. */
export function headerCrc(bytes: Uint8Array): number {
  return bytes.reduce(headerCrcStep, 0xff) ^ 0xff;
}

/** Register after one byte of the data CRC-16 (X-25, reflected 0x8408). */
export function dataCrcStep(register: number, byte: number): number {
  let next = register ^ byte;
  for (let bit = 0; bit < 8; bit += 1) next = (next & 1) !== 0 ? (next >> 1) ^ 0x8408 : next >> 1;
  return next;
}

/** Data CRC over the payload; on the wire low byte first. */
export function dataCrc(payload: Uint8Array): number {
  return payload.reduce(dataCrcStep, 0xffff) ^ 0xffff;
}

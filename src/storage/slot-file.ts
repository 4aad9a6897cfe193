import { decodeHeader, encodeHeader } from './slot-header.ts';
import { SLOT_CONTENT_OFFSET } from './slot.ts';
import type { SlotHeader } from './slot.ts';
import type { SyncFile } from './sync-file.ts';

/** Facts of a slot that may change while it is held. */
export type SlotFacts = Partial<Pick<SlotHeader, 'state' | 'runId' | 'path' | 'bytes' | 'note'>>;

/** The disk took fewer bytes than it was given: the only honest sign of a full one. */
export class ShortWrite extends Error {
  readonly code = 'short_write';
  constructor(expectedBytes: number, actualBytes: number) {
    super(`expected ${expectedBytes} bytes written, actual ${actualBytes}`);
  }
}

/** A slot held exclusively. Offsets and sizes are of the content; the header is behind `header` and `update`. */
export class SlotFile implements SyncFile {
  readonly #file: SyncFile;
  readonly #changed: (header: SlotHeader) => void;
  #header: SlotHeader;

  constructor(file: SyncFile, header: SlotHeader, changed: (header: SlotHeader) => void) {
    this.#file = file;
    this.#header = header;
    this.#changed = changed;
  }

  get header(): SlotHeader {
    return this.#header;
  }

  read(into: Uint8Array, options: { readonly at: number }): number {
    return this.#file.read(into, { at: SLOT_CONTENT_OFFSET + options.at });
  }

  write(from: Uint8Array, options: { readonly at: number }): number {
    return this.#file.write(from, { at: SLOT_CONTENT_OFFSET + options.at });
  }

  /** Writes all of it or throws `ShortWrite`. */
  writeAll(from: Uint8Array, at: number): void {
    const written = this.write(from, { at });
    if (written !== from.length) throw new ShortWrite(from.length, written);
  }

  truncate(size: number): void {
    this.#file.truncate(SLOT_CONTENT_OFFSET + size);
  }

  flush(): void {
    this.#file.flush();
  }

  getSize(): number {
    return Math.max(0, this.#file.getSize() - SLOT_CONTENT_OFFSET);
  }

  /** Writes the next header generation and flushes: content written before is durable with it. */
  update(facts: SlotFacts): void {
    const next: SlotHeader = { ...this.#header, ...facts, generation: this.#header.generation + 1 };
    writeHeader(this.#file, next);
    this.#header = next;
    this.#changed(next);
  }

  /** Ends the content: truncates to `bytes` and writes the state with its length. */
  closeAs(state: SlotHeader['state'], bytes: number, facts: SlotFacts = {}): void {
    this.truncate(bytes);
    this.update({ ...facts, state, bytes });
    this.close();
  }

  close(): void {
    this.#file.close();
  }
}

export function writeHeader(file: SyncFile, header: SlotHeader): void {
  const { at, bytes } = encodeHeader(header);
  const written = file.write(bytes, { at });
  if (written !== bytes.length) throw new ShortWrite(bytes.length, written);
  file.flush();
}

export function readHeader(slot: string, file: SyncFile): SlotHeader | null {
  const bytes = new Uint8Array(SLOT_CONTENT_OFFSET);
  return decodeHeader(slot, bytes.subarray(0, file.read(bytes, { at: 0 })));
}

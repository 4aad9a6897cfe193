import type { SlotFile } from '../storage/slot-file.ts';
import type { SyncFile } from '../storage/sync-file.ts';

/** Takes a spare slot for `path`. Rejects with a `SealError` when there is none. */
export type ClaimSlot = (path: string) => Promise<SlotFile>;

/** A member this small shares the bundle slot with the other small ones. */
export const SMALL_BYTES = 256 * 1024;

/**
 * A member being made: in memory while small, in a slot of its own from `SMALL_BYTES` on. Writing is synchronous;
 * `relieve` must be called between batches, so memory is bounded by the limit plus one batch.
 */
export class Spool implements SyncFile {
  readonly path: string;
  readonly #claim: ClaimSlot;
  #memory: Uint8Array<ArrayBuffer> = new Uint8Array(16 * 1024);
  #size = 0;
  #slot: SlotFile | null = null;

  constructor(path: string, claim: ClaimSlot) {
    this.path = path;
    this.#claim = claim;
  }

  /** Null while the member is in memory. */
  get slot(): SlotFile | null {
    return this.#slot;
  }

  append(bytes: Uint8Array): void {
    this.write(bytes, { at: this.#size });
  }

  write(from: Uint8Array, { at }: { readonly at: number }): number {
    if (this.#slot !== null) {
      this.#slot.writeAll(from, at);
    } else {
      this.#reserve(at + from.length);
      this.#memory.set(from, at);
    }
    this.#size = Math.max(this.#size, at + from.length);
    return from.length;
  }

  read(into: Uint8Array, { at }: { readonly at: number }): number {
    if (this.#slot !== null) return this.#slot.read(into, { at });
    const bytes = this.#memory.subarray(Math.min(at, this.#size), Math.min(at + into.length, this.#size));
    into.set(bytes);
    return bytes.length;
  }

  truncate(size: number): void {
    this.#slot?.truncate(size);
    this.#size = size;
  }

  flush(): void {
    this.#slot?.flush();
  }

  getSize(): number {
    return this.#size;
  }

  /** The seal closes slots itself, after their headers are written. */
  close(): void {
    this.flush();
  }

  /** Moves to a slot when grown beyond small. */
  async relieve(): Promise<void> {
    if (this.#slot !== null || this.#size <= SMALL_BYTES) return;
    const slot = await this.#claim(this.path);
    slot.writeAll(this.#memory.subarray(0, this.#size), 0);
    this.#slot = slot;
    this.#memory = new Uint8Array(0);
  }

  /** Content of a small member. */
  bytes(): Uint8Array<ArrayBuffer> {
    if (this.#slot !== null) throw new Error(`${this.path} is in a slot`);
    return this.#memory.slice(0, this.#size);
  }

  #reserve(size: number): void {
    if (size <= this.#memory.length) return;
    const larger = new Uint8Array(Math.max(size, this.#memory.length * 2));
    larger.set(this.#memory.subarray(0, this.#size));
    this.#memory = larger;
  }
}

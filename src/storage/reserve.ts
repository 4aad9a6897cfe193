import type { SlotStore } from './slot-store.ts';

/** Given back when the disk refuses, so that a run can still be closed (`design.md` §7). */
export const RESERVE_BYTES = 16 << 20;
const BLOCK_BYTES = 1 << 20;
/** Spares that must be left for the run before one is used up for the reserve. */
const SPARES_LEFT_MIN = 2;

/** 16 MiB written into one aged slot that belongs to no run. */
export class Reserve {
  readonly #slots: SlotStore;

  constructor(slots: SlotStore) {
    this.#slots = slots;
  }

  get isThere(): boolean {
    return this.#slot() !== null;
  }

  /** Writes the reserve when there is none and an aged slot to spare. Throws what the disk throws. */
  async ensure(): Promise<void> {
    if (this.isThere || this.#slots.stock().aged <= SPARES_LEFT_MIN) return;
    const file = await this.#slots.claim({
      state: 'open',
      runId: 'reserve',
      path: 'reserve',
      allowYoung: false,
    });
    if (file === null) return;
    try {
      const block = new Uint8Array(BLOCK_BYTES);
      for (let at = 0; at < RESERVE_BYTES; at += BLOCK_BYTES) file.writeAll(block, at);
      file.closeAs('closed', RESERVE_BYTES, { runId: null, path: null, note: { reserve: true } });
    } catch (error) {
      file.close();
      await this.#slots.free(file.header.slot);
      throw error;
    }
  }

  /** Truncates it to nothing; true when there was something to give. */
  async release(): Promise<boolean> {
    const slot = this.#slot();
    return slot !== null && (await this.#slots.free(slot));
  }

  #slot(): string | null {
    return (
      this.#slots.list().find(({ state, note }) => state === 'closed' && note['reserve'] === true)?.slot ??
      null
    );
  }
}

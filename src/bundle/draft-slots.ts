import type { SlotFile } from '../storage/slot-file.ts';
import type { SlotStore } from '../storage/slot-store.ts';
import { SealError } from './seal-error.ts';

export interface DraftRules {
  readonly runId: string;
  /** The run was armed with a waiver: slots younger than 60 s will do for its bundle too. */
  readonly isYoungFine: boolean;
  readonly sleep: (ms: number) => Promise<void>;
  readonly onWait: (waitMs: number) => void;
}

/** A spare is old enough after 60 s; half as long again for a busy disk. */
const WAIT_MS_MAX = 90_000;
const WAIT_STEP_MS = 1000;
/** Spares made at once when there is none: a bundle takes about this many. */
const SPARES_WANTED = 8;

/** The slots one seal has taken. Until the commit all of them can be given back, and nothing was changed. */
export class DraftSlots {
  readonly #slots: SlotStore;
  readonly #rules: DraftRules;
  readonly #taken = new Map<string, SlotFile>();
  readonly #held = new Set<string>();

  constructor(slots: SlotStore, rules: DraftRules) {
    this.#slots = slots;
    this.#rules = rules;
  }

  /** Waits for a spare to be old enough; never takes an unaged one silently (`design.md` §3.6). */
  readonly claim = async (path: string): Promise<SlotFile> => {
    const { runId, isYoungFine: allowYoung } = this.#rules;
    for (let waitedMs = 0; ; waitedMs += WAIT_STEP_MS) {
      const slot = await this.#slots.claim({ state: 'draft', runId, path, allowYoung });
      if (slot !== null) {
        this.#taken.set(slot.header.slot, slot);
        this.#held.add(slot.header.slot);
        return slot;
      }
      if (waitedMs >= WAIT_MS_MAX)
        throw new SealError('no_slots', `no spare slot for ${path} in ${waitedMs} ms`);
      await this.#slots.topUp(SPARES_WANTED);
      if (waitedMs === 0 && allowYoung) continue;
      this.#rules.onWait(waitedMs);
      await this.#rules.sleep(WAIT_STEP_MS);
      await this.#slots.scan();
    }
  };

  /** Ends a slot's content; it can then be read through a snapshot. */
  end(slot: SlotFile, state: 'draft' | 'member', bytes: number, note: SlotFile['header']['note'] = {}): void {
    slot.closeAs(state, bytes, { note });
    this.#held.delete(slot.header.slot);
  }

  /** The one write that makes the bundle exist. */
  async commit(slot: SlotFile): Promise<void> {
    const file = await this.#slots.openSlot(slot.header.slot);
    if (file === null) throw new SealError('slot_busy', `slot ${slot.header.slot} is held by another`);
    file.update({ state: 'bundle' });
    file.close();
    this.#taken.clear();
  }

  /** After a failure: everything taken becomes spare again. */
  async release(): Promise<void> {
    for (const [name, slot] of this.#taken) {
      if (this.#held.delete(name)) slot.close();
      await this.#slots.free(name);
    }
    this.#taken.clear();
  }
}

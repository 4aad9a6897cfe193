import type { JournalItem } from '../../formats/journal/item.ts';
import type { FinalizeWarning } from '../../formats/manifest.ts';
import type { Spool } from '../spool.ts';

/** One derived member (or one kind of them) in the making: every item passes once, in `t_mono_ns` order. */
export interface Deriver {
  take(item: JournalItem): void;
  /** Between batches: members that have grown move to slots. */
  relieve(): Promise<void>;
  /** Writes what is left. The members are then complete. */
  finish(): Promise<readonly DerivedMember[]>;
}

export interface DerivedMember {
  readonly spool: Spool;
  readonly rows: number;
  readonly warnings: readonly FinalizeWarning[];
}

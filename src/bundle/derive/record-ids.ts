import type { JournalBlock, JournalRecord } from '../../formats/journal/item.ts';
import { recordId } from '../../formats/parquet/device-records.ts';

/**
 * Row number of the current record within its device, from 1 in time order: `record_id` in the device table and
 * `source_record_id` in the scalars come from here, so they join.
 */
export class RecordIds {
  readonly #rows = new Map<string, number>();
  #current: JournalRecord | JournalBlock | null = null;

  /** Call once per record or block, before the derivers see it. */
  next(item: JournalRecord | JournalBlock): void {
    this.#rows.set(item.device, this.row(item.device) + 1);
    this.#current = item;
  }

  row(device: string): number {
    return this.#rows.get(device) ?? 0;
  }

  of(item: JournalRecord | JournalBlock): string {
    if (item !== this.#current)
      throw new Error('a record id is asked for an item that is not the current one');
    return recordId(item.family, item.device, this.row(item.device));
  }
}

import type { JournalItem } from '../../formats/journal/item.ts';
import { SCALARS_COLUMNS, scalarsRow } from '../../formats/parquet/scalars.ts';
import type { Calibrator, SampleBlock } from '../../rig/calibrate.ts';
import type { Spool } from '../spool.ts';
import type { DerivedMember, Deriver } from './deriver.ts';
import { ParquetFile } from './parquet-file.ts';
import type { RecordIds } from './record-ids.ts';

export const SCALARS_PATH = 'scalars.parquet';

/** Values of unrolled blocks that may wait for their time; more than this is a block far out of order. */
const WAITING_VALUES_MAX = 4_000_000;

interface OpenBlock {
  readonly block: SampleBlock;
  next: number;
}

/** `scalars.parquet`: `calibrate(records, rig)`, the very function that ran live (`design.md` §3.2). */
export class ScalarsDeriver implements Deriver {
  readonly #file: ParquetFile;
  readonly #calibrator: Calibrator;
  readonly #ids: RecordIds;
  readonly #blocks: OpenBlock[] = [];
  #waiting = 0;

  constructor(spool: Spool, calibrator: Calibrator, ids: RecordIds) {
    this.#file = new ParquetFile(spool, SCALARS_COLUMNS);
    this.#calibrator = calibrator;
    this.#ids = ids;
  }

  take(item: JournalItem): void {
    // Everything derived from this item is at its time or later: what lies before may be written.
    this.#writeBlocksBefore(item.tMonoNs);
    if (item.type === 'record') {
      const row = { ...item, seq: this.#ids.row(item.device) };
      for (const sample of this.#calibrator.samplesOf(row)) this.#file.push(scalarsRow(sample));
    } else if (item.type === 'block') {
      for (const block of this.#calibrator.blocksOf({ ...item, seq: this.#ids.row(item.device) })) {
        this.#blocks.push({ block, next: 0 });
        this.#waiting += block.values.length;
      }
      if (this.#waiting > WAITING_VALUES_MAX)
        throw new Error(
          `${this.#waiting} block values wait to be ordered, the bound is ${WAITING_VALUES_MAX}`,
        );
    }
  }

  relieve(): Promise<void> {
    return this.#file.spool.relieve();
  }

  async finish(): Promise<readonly DerivedMember[]> {
    this.#writeBlocksBefore(Infinity);
    this.#file.finish();
    await this.#file.spool.relieve();
    return [{ spool: this.#file.spool, rows: this.#file.rows, warnings: [] }];
  }

  /** Merges the open blocks: the earliest value of all comes first. */
  #writeBlocksBefore(tMonoNs: number): void {
    for (;;) {
      let first: OpenBlock | null = null;
      for (const open of this.#blocks) if (first === null || timeOf(open) < timeOf(first)) first = open;
      if (first === null || timeOf(first) >= tMonoNs) return;
      this.#writeValue(first);
      if (first.next === first.block.values.length) this.#blocks.splice(this.#blocks.indexOf(first), 1);
    }
  }

  #writeValue(open: OpenBlock): void {
    const { block, next } = open;
    const tMonoNs = timeOf(open);
    const value = block.values[next] ?? Number.NaN;
    this.#file.push(
      scalarsRow({
        tMonoNs,
        channel: block.channel,
        value,
        valueKind: 'float',
        rawValue: block.rawValues?.[next] ?? null,
        rawText: null,
        rawKind: block.rawValues === null ? null : 'float',
        unit: block.unit,
        uncertainty: null,
        status: block.status,
        sourceRecordId: block.sourceRecordId,
        sourceField: block.sourceField,
      }),
    );
    open.next += 1;
    this.#waiting -= 1;
  }
}

function timeOf({ block, next }: OpenBlock): number {
  return next < block.values.length ? block.tMonoNs + Math.round(next * block.dtNs) : Infinity;
}

import type { JournalItem } from '../../formats/journal/item.ts';
import { deviceRecordColumns, deviceRecordRow } from '../../formats/parquet/device-records.ts';
import type { FinalizeWarning } from '../../formats/manifest.ts';
import type { RunZero } from '../../record/clock.ts';
import type { DeviceSchema } from '../../rig/device-schema.ts';
import type { Spool } from '../spool.ts';
import type { DerivedMember, Deriver } from './deriver.ts';
import { ParquetFile } from './parquet-file.ts';
import type { RecordIds } from './record-ids.ts';

export const deviceRecordsPath = (family: string) => `device_records/${family}.parquet`;

/** Fields named one by one in a warning; a family that invents names must not fill the memory. */
const UNKNOWN_NAMES_MAX = 100;

/** `device_records/<adapter>.parquet` of one family: what its instruments said, row by row. */
export class DeviceRecordsDeriver implements Deriver {
  readonly #schema: DeviceSchema;
  readonly #file: ParquetFile;
  readonly #ids: RecordIds;
  readonly #zero: RunZero;
  /** Field → rows in which it was not as declared. */
  readonly #unknown = new Map<string, number>();

  constructor(
    spool: Spool,
    schema: DeviceSchema,
    context: { readonly ids: RecordIds; readonly zero: RunZero },
  ) {
    this.#schema = schema;
    this.#file = new ParquetFile(spool, deviceRecordColumns(schema));
    this.#ids = context.ids;
    this.#zero = context.zero;
  }

  take(item: JournalItem): void {
    if (item.type !== 'record' || item.family !== this.#schema.id) return;
    const { cells, unknown } = deviceRecordRow(item, this.#schema, this.#ids.of(item), this.#zero);
    this.#file.push(cells);
    for (const name of unknown)
      if (this.#unknown.has(name) || this.#unknown.size < UNKNOWN_NAMES_MAX)
        this.#unknown.set(name, (this.#unknown.get(name) ?? 0) + 1);
  }

  relieve(): Promise<void> {
    return this.#file.spool.relieve();
  }

  async finish(): Promise<readonly DerivedMember[]> {
    this.#file.finish();
    await this.#file.spool.relieve();
    return [{ spool: this.#file.spool, rows: this.#file.rows, warnings: this.#warnings() }];
  }

  #warnings(): readonly FinalizeWarning[] {
    const path = deviceRecordsPath(this.#schema.id);
    return [...this.#unknown].map(([name, rows]) => ({
      path,
      reason: `field ${name} is not as its family declares it: kept in extra_json, ${rows} rows`,
    }));
  }
}

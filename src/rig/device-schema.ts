import type { Cell } from '../record/item.ts';
import type { ChannelSource, FieldSpec } from './channel-source.ts';

/** Parquet type of a device-record column. `timestamp` cells are `t_mono_ns` in memory, timestamp[us, UTC] in files. */
export type ColumnType = 'float' | 'int' | 'bool' | 'string' | 'timestamp';

export interface ColumnSpec {
  readonly name: string;
  readonly type: ColumnType;
}

/** Layout word of `data_shape.device_records[]` (`spec/capa.md` §1.2). */
export type RecordLayout = 'wide_row' | 'long_row' | 'single_value_row' | 'block';

export interface FieldReading {
  readonly raw: number | boolean | string | null;
  /** Unit of `raw`; null = the field's declared unit. */
  readonly unit: string | null;
  /** A word of `record/sample.ts`. */
  readonly status: string;
}

/** What the record of one family looks like: all that conductor and seal need to know of an instrument. */
export interface DeviceSchema {
  /** Stable id: `adapter` in the rig, the file name under `device_records/`. */
  readonly id: string;
  readonly layout: RecordLayout;
  /** Columns after the header columns (`record_id`, `t_mono_ns`, `t_utc`, `device`); never inferred. */
  readonly columns: readonly ColumnSpec[];
  /** Declared fields, for the unit of a reading whose `unit` is null. Every family declaration has them. */
  readonly fields?: readonly FieldSpec[];
  /** The value a channel is bound to, out of one device record; null when this record does not carry it. */
  readField(columns: { readonly [column: string]: Cell }, source: ChannelSource): FieldReading | null;
}

/** By family id. Handed in by the wiring, so that conductor and bundle need not know the instruments. */
export type DeviceSchemas = ReadonlyMap<string, DeviceSchema>;

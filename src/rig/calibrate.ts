/**
 * Samples out of device records: `samples = calibrate(records, rig)` (`design.md` §3.2). Pure: runs live for plots, and
 * again at seal for `scalars.parquet`, on the same facts with the same result.
 */
import type { Cell } from '../record/item.ts';
import type { Sample } from '../record/sample.ts';
import type { DeviceSchema, DeviceSchemas, FieldReading } from './device-schema.ts';
import type { Calibration, Rig, RigChannel } from './rig.ts';
import { canonicalUnit, converter } from './units.ts';

/** One device record, as live and journal both have it. */
export interface RecordFacts {
  readonly family: string;
  readonly device: string;
  /** Data-lane number of the record. */
  readonly seq: number;
  readonly tMonoNs: number;
  readonly columns: { readonly [column: string]: Cell };
}

export interface BlockFacts {
  readonly family: string;
  readonly device: string;
  readonly field: string;
  readonly seq: number;
  /** Time of `values[0]`. */
  readonly tMonoNs: number;
  readonly dtNs: number;
  readonly values: Float64Array;
}

/** A calibrated block: sample i is at `tMonoNs + i × dtNs`. What `Sample` says once per row is said once. */
export interface SampleBlock {
  readonly tMonoNs: number;
  readonly dtNs: number;
  readonly channel: string;
  readonly values: Float64Array;
  /** Null unless the channel keeps raw values. May be the very array that came in. */
  readonly rawValues: Float64Array | null;
  readonly unit: string;
  readonly status: Sample['status'];
  readonly sourceRecordId: string;
  readonly sourceField: string;
}

export interface Calibrator {
  /** Samples of every channel bound to this record, in the order of the rig; none for text or absent values. */
  samplesOf(record: RecordFacts): Sample[];
  blocksOf(block: BlockFacts): SampleBlock[];
}

/** Joins a sample to its row in `device_records/<adapter>.parquet` (`spec/capa.md` §3.2). */
function recordId(family: string, device: string, seq: number): string {
  return `${family}:${device}:${seq}`;
}

export function createCalibrator(rig: Rig, schemas: DeviceSchemas): Calibrator {
  const byDevice = new Map<string, BoundChannel[]>();
  for (const channel of rig.channels) {
    const device = rig.devices.find(({ name }) => name === channel.source.device);
    const schema = device && schemas.get(device.adapter);
    if (schema === undefined) continue;
    const bound = byDevice.get(channel.source.device) ?? [];
    bound.push(new BoundChannel(channel, schema));
    byDevice.set(channel.source.device, bound);
  }
  return {
    samplesOf: (record) =>
      (byDevice.get(record.device) ?? []).flatMap((channel) => {
        const sample = channel.sampleOf(record);
        return sample === null ? [] : [sample];
      }),
    blocksOf: (block) =>
      (byDevice.get(block.device) ?? [])
        .filter(({ field }) => field === block.field)
        .map((channel) => channel.blockOf(block)),
  };
}

type Curve = (raw: number) => number;
const identity: Curve = (raw) => raw;

/** One channel with its curve; converters are made once per unit a device speaks. */
class BoundChannel {
  readonly field: string;
  readonly #channel: RigChannel;
  readonly #schema: DeviceSchema;
  readonly #curve: Curve;
  readonly #declaredUnit: string | null;
  readonly #isInt: boolean;
  readonly #byUnit = new Map<string, Curve | null>();

  constructor(channel: RigChannel, schema: DeviceSchema) {
    this.#channel = channel;
    this.#schema = schema;
    this.field = channel.source.field;
    this.#curve = curveOf(channel.calibration);
    this.#declaredUnit = schema.fields?.find(({ field }) => field === this.field)?.unit ?? null;
    this.#isInt = schema.columns.find(({ name }) => name === this.field)?.type === 'int';
  }

  sampleOf(record: RecordFacts): Sample | null {
    const reading = this.#schema.readField(record.columns, this.#channel.source);
    if (reading === null) return null;
    const raw = typeof reading.raw === 'boolean' ? Number(reading.raw) : reading.raw;
    if (typeof raw !== 'number') return this.#withoutNumber(record, reading);
    const curve = this.#curveFor(reading.unit);
    const value = curve === null ? Number.NaN : curve(raw);
    return this.#sample(record, reading, value, curve === null ? 'source_invalid' : reading.status);
  }

  blockOf(block: BlockFacts): SampleBlock {
    const curve = this.#curveFor(null);
    const values =
      curve === identity
        ? block.values
        : curve === null
          ? new Float64Array(block.values.length).fill(Number.NaN)
          : block.values.map(curve);
    return {
      tMonoNs: block.tMonoNs,
      dtNs: block.dtNs,
      channel: this.#channel.name,
      values,
      rawValues: this.#channel.keepRaw ? block.values : null,
      unit: this.#channel.unit,
      status: curve === null ? 'source_invalid' : 'ok',
      sourceRecordId: recordId(block.family, block.device, block.seq),
      sourceField: block.field,
    };
  }

  /**
   * Text and absent values give no sample, unless the device says why there is none (over range, sensor open): then a
   * NaN with that status, never a zero (`spec/protocols.md` §16).
   */
  #withoutNumber(record: RecordFacts, reading: FieldReading): Sample | null {
    if (reading.status === 'ok') return null;
    return this.#sample(record, reading, Number.NaN, reading.status);
  }

  #sample(record: RecordFacts, reading: FieldReading, value: number, status: string): Sample {
    const channel = this.#channel;
    const raw = channel.keepRaw ? reading.raw : null;
    const asRead = value === reading.raw && this.#isInt;
    return {
      tMonoNs: record.tMonoNs,
      channel: channel.name,
      value,
      valueKind: typeof reading.raw === 'boolean' ? 'bool' : asRead ? 'int' : 'float',
      rawValue: typeof raw === 'number' ? raw : typeof raw === 'boolean' ? Number(raw) : null,
      rawText: typeof raw === 'string' ? raw : null,
      rawKind: raw === null ? null : this.#kindOf(raw),
      unit: channel.unit,
      uncertainty: null,
      status,
      sourceRecordId: recordId(record.family, record.device, record.seq),
      sourceField: this.field,
    };
  }

  #kindOf(raw: number | boolean | string): NonNullable<Sample['rawKind']> {
    if (typeof raw === 'string') return 'str';
    if (typeof raw === 'boolean') return 'bool';
    return this.#isInt ? 'int' : 'float';
  }

  /** Null = this device speaks a unit that cannot become the channel's: the channel is quarantined, not guessed. */
  #curveFor(readingUnit: string | null): Curve | null {
    const from = readingUnit ?? this.#declaredUnit ?? '';
    const known = this.#byUnit.get(from);
    if (known !== undefined) return known;
    const curve = this.#makeCurve(from);
    this.#byUnit.set(from, curve);
    return curve;
  }

  /** A calibration corrects in the raw unit; between different dimensions its result is in the channel's unit. */
  #makeCurve(from: string): Curve | null {
    const { unit, calibration } = this.#channel;
    const toUnit = converter(from, unit);
    if (toUnit === null) return calibration.kind === 'identity' ? null : this.#curve;
    if (canonicalUnit(from) === canonicalUnit(unit)) return this.#curve;
    return calibration.kind === 'identity' ? toUnit : (raw) => toUnit(this.#curve(raw));
  }
}

function curveOf(calibration: Calibration): Curve {
  switch (calibration.kind) {
    case 'identity':
      return identity;
    case 'linear_two_point': {
      const { refLowRaw, refLowValue, refHighRaw, refHighValue } = calibration;
      const slope = (refHighValue - refLowValue) / (refHighRaw - refLowRaw);
      return (raw) => refLowValue + (raw - refLowRaw) * slope;
    }
    case 'polynomial': {
      // Ascending powers, Horner from the highest.
      const { coefficients } = calibration;
      return (raw) => coefficients.reduceRight((sum, coefficient) => sum * raw + coefficient, 0);
    }
  }
}

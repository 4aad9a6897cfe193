import type { Sample } from '../../record/sample.ts';
import type { TableCell, TableColumn } from './table.ts';

/** `scalars.parquet`, long format, 13 columns (`spec/capa.md` §3.1): a contract with analysts' scripts. */
export const SCALARS_COLUMNS: readonly TableColumn[] = [
  { name: 't_mono_ns', kind: 'int64', required: true },
  { name: 't_mono_s', kind: 'float64', required: true },
  { name: 'channel', kind: 'dictionary', required: true },
  { name: 'value', kind: 'float64', required: true },
  { name: 'value_kind', kind: 'dictionary', required: true },
  { name: 'raw_value', kind: 'float64', required: false },
  { name: 'raw_text', kind: 'string', required: false },
  { name: 'raw_kind', kind: 'dictionary', required: false },
  { name: 'unit', kind: 'dictionary', required: true },
  { name: 'uncertainty', kind: 'float64', required: false },
  { name: 'status', kind: 'dictionary', required: true },
  { name: 'source_record_id', kind: 'string', required: false },
  { name: 'source_field', kind: 'string', required: false },
];

export function scalarsRow(sample: Sample): readonly TableCell[] {
  return [
    BigInt(sample.tMonoNs),
    sample.tMonoNs / 1e9,
    sample.channel,
    sample.value,
    sample.valueKind,
    sample.rawValue,
    sample.rawText,
    sample.rawKind,
    sample.unit,
    sample.uncertainty,
    sample.status,
    sample.sourceRecordId,
    sample.sourceField,
  ];
}

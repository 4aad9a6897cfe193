/** Status words of a sample, `spec/capa.md` §3.1 (open set). */
export type SampleStatus =
  | 'ok'
  | 'settling'
  | 'underrange'
  | 'overload'
  | 'sensor_fail'
  | 'comm_error'
  | 'hold'
  | 'calibrating'
  | 'source_invalid'
  | 'unknown'
  | (string & {});

/** One row of `scalars.parquet`: what the experiment means. Derived, never stored during a run. */
export interface Sample {
  readonly tMonoNs: number;
  readonly channel: string;
  readonly value: number;
  readonly valueKind: 'float' | 'int' | 'bool';
  readonly rawValue: number | null;
  readonly rawText: string | null;
  readonly rawKind: 'float' | 'int' | 'bool' | 'str' | null;
  readonly unit: string;
  readonly uncertainty: number | null;
  readonly status: SampleStatus;
  /** `<adapter>:<device>:<seq>`, joins to `record_id`. */
  readonly sourceRecordId: string | null;
  readonly sourceField: string | null;
}

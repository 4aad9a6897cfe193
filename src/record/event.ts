import type { HostMs } from './clock.ts';

export type Severity = 'info' | 'warning' | 'error';

/** A JSON value; what `metadata_json` and log fields may hold. */
export type Json = null | boolean | number | string | readonly Json[] | { readonly [key: string]: Json };

/** A milestone, as a producer states it. The recorder gives it an id, `t_mono_ns` and its link in the chain. */
export interface RunEvent {
  readonly tHostMs: HostMs;
  /** Wall clock at the same moment, epoch ms. */
  readonly tUtcMs: number;
  /** Dotted lower-case name, `taxonomy.ts`. The set is open. */
  readonly kind: string;
  readonly severity: Severity;
  /** `adapter:device`, `procedure:free_run`, `conductor`, `operator`, `recorder`. */
  readonly source: string;
  /** One line for people. */
  readonly message: string;
  readonly metadata?: { readonly [key: string]: Json };
}

/** One row of `events`, as committed. */
export interface RecordedEvent {
  readonly id: number;
  readonly tMonoNs: number;
  readonly tUtc: string;
  readonly kind: string;
  readonly severity: Severity;
  readonly source: string;
  readonly message: string;
  readonly metadataJson: string | null;
}

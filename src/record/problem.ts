/** A fault found in an input, with where it is and the numbers (`spec/capa.md` §7). Errors block. */
export interface Problem {
  readonly severity: 'error' | 'warning' | 'info';
  /** Stable dotted code, `schema.unknown`, `devices.unknown_adapter`. */
  readonly code: string;
  /** TOML path, `devices[0].params.rate_hz`. */
  readonly path: string;
  readonly message: string;
  readonly expected?: string;
  readonly actual?: string;
}

/** Expected faults are values. */
export type Result<T, E> =
  { readonly ok: true; readonly value: T } | { readonly ok: false; readonly error: E };
export const ok = <T>(value: T): { ok: true; value: T } => ({ ok: true, value });
export const fail = <E>(error: E): { ok: false; error: E } => ({ ok: false, error });

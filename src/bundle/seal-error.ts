/** An expected fault while sealing; becomes the error value of `BundleControl.seal`. */
export type SealErrorCode =
  | 'already_sealed'
  | 'not_found'
  | 'run_open'
  | 'events_missing'
  | 'events_unreadable'
  | 'journal_unreadable'
  | 'plan_missing'
  | 'no_slots'
  | 'slot_busy'
  | 'storage_full'
  | 'chunks_overlap'
  | 'read_back';

export class SealError extends Error {
  readonly code: SealErrorCode;
  constructor(code: SealErrorCode, detail: string) {
    super(detail);
    this.name = 'SealError';
    this.code = code;
  }
}

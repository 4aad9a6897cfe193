/**
 * A slot: one OPFS file made ahead of need (`design.md` §3.6). The first 4,096 bytes are two alternating,
 * checksummed header records; content follows.
 */
export const SLOT_CONTENT_OFFSET = 4096;
/** A file may hold acknowledged bytes once it is this old. */
export const SLOT_AGE_MIN_MS = 60_000;
export const SLOT_AGE_MAX_MS = 10 * 365.25 * 86_400_000;
export const SLOT_SPARES = 8;

/**
 * - `free`: spare.
 * - `open`: being written by the recorder; torn if found so at start.
 * - `closed`: complete, content length known.
 * - `draft`: a derived member of a seal that has not committed; freed if found so at start.
 * - `bundle`: the one slot whose header commits a sealed bundle; content = small members as a stored zip + table.
 * - `member`: a derived member of a committed bundle.
 */
export type SlotState = 'free' | 'open' | 'closed' | 'draft' | 'member' | 'bundle';

export interface SlotHeader {
  readonly slot: string;
  readonly generation: number;
  readonly createdUtcMs: number;
  readonly state: SlotState;
  readonly runId: string | null;
  /** Member path in the bundle, `mcap/session_….mcap`. */
  readonly path: string | null;
  /** Content bytes, valid unless `open`. */
  readonly bytes: number;
  /** Small free-form facts: part index, table offset, root digest. Kept under 1,000 bytes of JSON. */
  readonly note: { readonly [key: string]: string | number | boolean | null };
}

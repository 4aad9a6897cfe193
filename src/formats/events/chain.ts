import type { EventRow } from './schema.ts';

/** SHA-256 of `bytes`, synchronous: 32 bytes. The engine (WASM, Node) is passed in. */
export type Sha256 = (bytes: Uint8Array) => Uint8Array;

const TEXT = new TextEncoder();
const EVENT_TAG = TEXT.encode('benchseal.event.v1\0');
const RUN_TAG = TEXT.encode('benchseal.run.v1\0');
const NULL_LENGTH = 0xffffffff;
/** Members the first link binds, in this order. */
export const CHAIN_MEMBERS = ['config.toml', 'method.toml', 'env/build.json'] as const;

/** `head` ‖ each value as u32-LE length + UTF-8; NULL is length 0xFFFFFFFF and no bytes. */
function frame(head: readonly Uint8Array[], values: readonly (string | null)[]): Uint8Array {
  const texts = values.map((value) => (value === null ? null : TEXT.encode(value)));
  const headBytes = head.reduce((sum, part) => sum + part.length, 0);
  const bytes = new Uint8Array(texts.reduce((sum, text) => sum + 4 + (text?.length ?? 0), headBytes));
  const view = new DataView(bytes.buffer);
  let at = 0;
  for (const part of head) {
    bytes.set(part, at);
    at += part.length;
  }
  for (const text of texts) {
    view.setUint32(at, text?.length ?? NULL_LENGTH, true);
    bytes.set(text ?? [], at + 4);
    at += 4 + (text?.length ?? 0);
  }
  return bytes;
}

/** What the first event is chained to. A member a run does not have counts as NULL. */
export function firstLink(members: { readonly [path: string]: string }, sha256: Sha256): Uint8Array {
  return sha256(
    frame(
      [RUN_TAG],
      CHAIN_MEMBERS.map((path) => members[path] ?? null),
    ),
  );
}

/** Hash of an event on top of the one before it. */
export function nextLink(previous: Uint8Array, row: EventRow, sha256: Sha256): Uint8Array {
  const values = [
    String(row.id),
    String(row.t_mono_ns),
    row.t_utc,
    row.kind,
    row.severity,
    row.source,
    row.message,
    row.metadata_json,
  ];
  return sha256(frame([EVENT_TAG, previous], values));
}

export function toHex(bytes: Uint8Array): string {
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join('');
}

export function fromHex(hex: string): Uint8Array {
  if (!/^([0-9a-f]{2})*$/.test(hex)) throw new Error(`not lower-case hex: ${hex.slice(0, 16)}`);
  return Uint8Array.from({ length: hex.length / 2 }, (_, index) =>
    parseInt(hex.slice(2 * index, 2 * index + 2), 16),
  );
}

/** Checks a whole chain; null when it holds, else the id of the first event whose hash differs. */
export function firstBrokenLink(
  first: Uint8Array,
  rows: Iterable<{ readonly row: EventRow; readonly hash: string }>,
  sha256: Sha256,
): number | null {
  let link = first;
  for (const { row, hash } of rows) {
    link = nextLink(link, row, sha256);
    if (toHex(link) !== hash) return row.id;
  }
  return null;
}

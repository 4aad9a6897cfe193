import type { WireEntry } from './pty-port.ts';

export interface WirePiece {
  readonly direction: 'tx' | 'rx';
  readonly bytes: Uint8Array;
}

/** Where the journal's bytes lie in the instrument's own log of its wire. */
export interface WireSlice {
  /** The instrument's log entries that overlap the journal. */
  readonly entries: readonly WireEntry[];
  readonly bytes: number;
  /** Epoch ms of the last byte before the slice and of the first after it; null when there is none. */
  readonly lastBeforeMs: number | null;
  readonly firstAfterMs: number | null;
}

/** Two bytes a byte, direction and value, so that one search finds both directions in their order. */
function merged(pieces: readonly WirePiece[]): Buffer {
  const length = pieces.reduce((sum, piece) => sum + piece.bytes.length, 0);
  const out = Buffer.alloc(2 * length);
  let at = 0;
  for (const { direction, bytes } of pieces)
    for (const byte of bytes) {
      out[at++] = direction === 'tx' ? 0 : 1;
      out[at++] = byte;
    }
  return out;
}

function entryAt(own: readonly WireEntry[], byteIndex: number): number {
  let end = 0;
  return own.findIndex((entry) => (end += entry.bytes.length) > byteIndex);
}

/**
 * Finds the journal's bytes of one port, both directions in their order, as one unbroken stretch of what the
 * instrument logged itself; null when they are not there whole. Of several fits the one that starts nearest `startMs`.
 */
export function findSlice(
  own: readonly WireEntry[],
  journal: readonly WirePiece[],
  startMs: number,
): WireSlice | null {
  const haystack = merged(own);
  const needle = merged(journal);
  let best: { at: number; distance: number } | null = null;
  for (let at = haystack.indexOf(needle); at >= 0; at = haystack.indexOf(needle, at + 1)) {
    if (at % 2 === 1) continue;
    const distance = Math.abs((own[entryAt(own, at / 2)]?.tMs ?? 0) - startMs);
    if (best === null || distance < best.distance) best = { at, distance };
  }
  if (best === null || needle.length === 0) return null;
  const first = best.at / 2;
  const after = (best.at + needle.length) / 2;
  const firstEntry = entryAt(own, first);
  const lastEntry = entryAt(own, after - 1);
  return {
    entries: own.slice(firstEntry, lastEntry + 1),
    bytes: needle.length / 2,
    lastBeforeMs: first === 0 ? null : (own[entryAt(own, first - 1)]?.tMs ?? null),
    firstAfterMs: own[entryAt(own, after)]?.tMs ?? null,
  };
}

/** Joined bytes of one direction. */
export function bytesOf(pieces: readonly WirePiece[], direction: WirePiece['direction']): Buffer {
  return Buffer.concat(pieces.filter((piece) => piece.direction === direction).map((piece) => piece.bytes));
}

/** Request and reply texts of a line-oriented instrument, in order: what it was asked and what it said. */
export function exchangesOf(
  pieces: readonly WirePiece[],
): { readonly request: Buffer; readonly reply: Buffer }[] {
  const found: { request: Buffer; reply: Buffer }[] = [];
  let last: 'tx' | 'rx' = 'rx';
  for (const { direction, bytes } of pieces) {
    const open = found.at(-1);
    if (direction === 'tx') {
      if (last === 'tx' && open !== undefined) open.request = Buffer.concat([open.request, bytes]);
      else found.push({ request: Buffer.from(bytes), reply: Buffer.alloc(0) });
    } else if (open !== undefined) open.reply = Buffer.concat([open.reply, bytes]);
    last = direction;
  }
  return found;
}

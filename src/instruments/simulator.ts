import type { Params } from './params.ts';
import type { World } from './world.ts';

/** Faults of `spec/protocols.md` §16 a simulator injects, by script or by seed. */
export type SimFault =
  | { readonly type: 'silent' }
  | { readonly type: 'cut'; readonly bytes: number }
  | { readonly type: 'flip-bit'; readonly bit: number }
  | { readonly type: 'garbage-before'; readonly bytes: Uint8Array }
  | { readonly type: 'glue' /* reply twice in one write */ }
  | { readonly type: 'late'; readonly ms: number }
  | { readonly type: 'split'; readonly everyBytes: number; readonly gapMs: number }
  | { readonly type: 'echo' };

/** Bytes the device sends, `delayMs` after the request was complete. */
export interface SimReply {
  readonly bytes: Uint8Array;
  readonly delayMs: number;
}

export interface SimulatorContext {
  readonly params: Params;
  readonly world: World;
  /** Seeds serial number, noise and random faults. Same seed, same bytes. */
  readonly seed: number;
}

/**
 * The instrument's firmware, honest to the byte, over a physical model. Passive: time is passed in.
 * The same class serves the in-app rig and the ptys of the tests.
 */
export interface Simulator {
  /** Bytes the host wrote; any split. Returns what the device sends back. */
  receive(bytes: Uint8Array, nowMs: number): SimReply[];
  /** Queue a fault for the next reply. */
  inject(fault: SimFault): void;
  /** Polls answered with a good frame (for counting against the record). */
  readonly answered: number;
}

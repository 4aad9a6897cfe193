/**
 * Who made a fact, and how far it is recorded (`design.md` §3.4).
 *
 * A producer is `<device>/<epoch>`: a new epoch at each worker start and at each arm, so a lane belongs to one run.
 * Each producer has two lanes, each numbered from 1 without holes.
 */
export type Lane = 'events' | 'data';
export type ProducerId = string;

/** Epochs come from the clock (ms), so they rise without anyone handing them out. */
export function producerId(device: string, epochMs: number): ProducerId {
  return `${device}/${Math.floor(epochMs)}`;
}

/** Cumulative: everything of this lane up to and including `upTo` is recorded. */
export interface Ack {
  readonly producer: ProducerId;
  readonly lane: Lane;
  readonly upTo: number;
}

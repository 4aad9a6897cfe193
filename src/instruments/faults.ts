import type { SimFault, SimReply } from './simulator.ts';

/** Faults a simulator may have waiting; more are refused, so a script's mistake shows. */
const FAULTS_MAX = 10_000;

/**
 * Faults waiting for their reply, in order, and what they do to it (`spec/protocols.md` §16).
 * `intact` tells whether a correct host still gets a good frame in time.
 */
export class FaultQueue {
  readonly #waiting: SimFault[] = [];

  add(fault: SimFault): void {
    if (this.#waiting.length >= FAULTS_MAX) throw new Error(`fault queue full at ${FAULTS_MAX}`);
    this.#waiting.push(fault);
  }

  /** Spends one fault on this reply. */
  deliver(reply: Uint8Array, request: Uint8Array, delayMs: number): { replies: SimReply[]; intact: boolean } {
    const fault = this.#waiting.shift();
    if (fault === undefined) return { replies: [{ bytes: reply, delayMs }], intact: true };
    return disturb(fault, reply, request, delayMs);
  }
}

function disturb(fault: SimFault, reply: Uint8Array, request: Uint8Array, delayMs: number) {
  const whole = (bytes: Uint8Array, intact: boolean, at = delayMs) => ({
    replies: [{ bytes, delayMs: at }],
    intact,
  });
  switch (fault.type) {
    case 'silent':
      return { replies: [], intact: false };
    case 'cut':
      return fault.bytes <= 0
        ? { replies: [], intact: false }
        : whole(reply.slice(0, fault.bytes), fault.bytes >= reply.length);
    case 'flip-bit': {
      const bytes = reply.slice();
      const bit = fault.bit % (reply.length * 8);
      bytes[bit >> 3] = (bytes[bit >> 3] ?? 0) ^ (1 << (bit & 7));
      return whole(bytes, false);
    }
    case 'garbage-before':
      return whole(joined(fault.bytes, reply), false);
    case 'glue':
      return whole(joined(reply, reply), true);
    case 'late':
      return whole(reply, false, delayMs + fault.ms);
    case 'split':
      return { replies: split(reply, fault.everyBytes, fault.gapMs, delayMs), intact: true };
    case 'echo':
      return whole(joined(request, reply), true);
  }
}

function split(reply: Uint8Array, everyBytes: number, gapMs: number, delayMs: number): SimReply[] {
  const step = Math.max(1, Math.floor(everyBytes));
  const replies: SimReply[] = [];
  for (let at = 0; at < reply.length; at += step) {
    replies.push({ bytes: reply.slice(at, at + step), delayMs: delayMs + replies.length * gapMs });
  }
  return replies;
}

function joined(first: Uint8Array, second: Uint8Array): Uint8Array {
  const bytes = new Uint8Array(first.length + second.length);
  bytes.set(first);
  bytes.set(second, first.length);
  return bytes;
}

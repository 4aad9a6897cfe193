import type {
  Exchange,
  ExchangeCode,
  ExchangeLine,
  ExchangeOptions,
  Scanner,
} from '../../../src/instruments/adapter.ts';
import type { Simulator } from '../../../src/instruments/simulator.ts';
import type { Clock } from '../../../src/record/clock.ts';

const QUIET_MS = 100;
const DRAIN_MS_MAX = 5000;
const TICK_MS = 1;

interface InFlight {
  readonly atMs: number;
  readonly bytes: Uint8Array;
}

/** The rules of `ExchangeLine` on virtual time, over a simulator: the least a link has to do. */
export class SimulatedLine implements ExchangeLine {
  nowMs = 1_000_000;
  exchanges = 0;
  readonly skipped: string[] = [];
  readonly sent: Uint8Array[] = [];
  readonly #simulator: Pick<Simulator, 'receive'>;
  #inFlight: InFlight[] = [];
  #received: number[] = [];

  constructor(simulator: Pick<Simulator, 'receive'>) {
    this.#simulator = simulator;
  }

  readonly clock: Clock = {
    hostMs: () => this.nowMs,
    utcMs: () => this.nowMs,
    sleep: async (ms) => this.#pass(ms),
  };

  async listen(ms: number): Promise<Uint8Array> {
    this.#pass(ms);
    const heard = Uint8Array.from(this.#received);
    this.#received = [];
    return heard;
  }

  async exchange<T>(request: Uint8Array, scan: Scanner<T>, options: ExchangeOptions): Promise<Exchange<T>> {
    for (let tries = 0; ; tries += 1) {
      const reply = this.#once(request, scan, options.timeoutMs);
      if (reply.ok) return reply;
      this.#drain();
      if (tries >= options.retries) return reply;
    }
  }

  #once<T>(request: Uint8Array, scan: Scanner<T>, timeoutMs: number): Exchange<T> {
    this.exchanges += 1;
    const requestedHostMs = this.nowMs;
    this.#received = [];
    this.sent.push(request);
    this.#take(request);
    const times = () => ({ requestedHostMs, receivedHostMs: this.nowMs, exchange: this.exchanges });
    const failed = (code: ExchangeCode, detail: string): Exchange<T> => ({
      ok: false,
      code,
      detail,
      ...times(),
    });
    while (this.nowMs - requestedHostMs < timeoutMs) {
      this.#pass(TICK_MS);
      for (;;) {
        const verdict = scan(Uint8Array.from(this.#received));
        if (verdict.type === 'more') break;
        if (verdict.consumed <= 0) throw new Error('a scanner that consumes nothing never ends');
        this.#received.splice(0, verdict.consumed);
        if (verdict.type === 'frame') return { ok: true, value: verdict.value, ...times() };
        if (verdict.type === 'bad') return failed(verdict.code, verdict.detail);
        this.skipped.push(verdict.why);
      }
    }
    return failed('timeout', `no reply in ${timeoutMs} ms`);
  }

  #drain(): void {
    const startedMs = this.nowMs;
    let quietSinceMs = this.nowMs;
    while (this.nowMs - quietSinceMs < QUIET_MS && this.nowMs - startedMs < DRAIN_MS_MAX) {
      this.#received = [];
      this.#pass(TICK_MS);
      if (this.#received.length > 0) quietSinceMs = this.nowMs;
    }
    this.#received = [];
  }

  #take(bytes: Uint8Array): void {
    for (const reply of this.#simulator.receive(bytes, this.nowMs)) {
      this.#inFlight.push({ atMs: this.nowMs + reply.delayMs, bytes: reply.bytes });
    }
  }

  #pass(ms: number): void {
    const untilMs = this.nowMs + ms;
    while (this.nowMs < untilMs) {
      this.nowMs += TICK_MS;
      this.#take(new Uint8Array());
      const arrived = this.#inFlight.filter((flight) => flight.atMs <= this.nowMs);
      this.#inFlight = this.#inFlight.filter((flight) => flight.atMs > this.nowMs);
      arrived.sort((a, b) => a.atMs - b.atMs);
      for (const { bytes } of arrived) this.#received.push(...bytes);
    }
  }
}

/** A device that answers exact requests with exact bytes; silence for the rest. */
export function scripted(
  pairs: Iterable<readonly [string, string]>,
): Pick<Simulator, 'receive'> & { unasked: string[] } {
  const answers = new Map(pairs);
  const unasked: string[] = [];
  return {
    unasked,
    receive(bytes) {
      if (bytes.length === 0) return [];
      const request = String.fromCharCode(...bytes);
      const answer = answers.get(request);
      if (answer === undefined) unasked.push(request);
      return answer === undefined || answer === '' ? [] : [{ bytes: latin(answer), delayMs: 5 }];
    },
  };
}

export function latin(text: string): Uint8Array {
  return Uint8Array.from(text, (character) => character.charCodeAt(0));
}

/** Feeds bytes in the given pieces, as a link would; returns what a scan settles on. */
export function settle<T>(scan: Scanner<T>, pieces: readonly Uint8Array[]) {
  const skipped: string[] = [];
  let received: number[] = [];
  for (const piece of pieces) {
    received.push(...piece);
    for (;;) {
      const verdict = scan(Uint8Array.from(received));
      if (verdict.type === 'more') break;
      if (verdict.consumed <= 0 || verdict.consumed > received.length) throw new Error('bad consumed count');
      received = received.slice(verdict.consumed);
      if (verdict.type !== 'skip') return { verdict, skipped, left: received.length };
      skipped.push(verdict.why);
    }
  }
  return { verdict: { type: 'more' as const }, skipped, left: received.length };
}

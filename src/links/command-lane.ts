/**
 * Turns on one wire: polls and commands, one at a time, never half-way (`design.md` §7). Commands go between polls; what
 * makes the bench safe goes before everything that waits.
 */
import type { Result } from '../record/problem.ts';
import { fail, ok } from '../record/problem.ts';

/** `spec/capa.md` §4.3: command inbox 8. */
export const COMMANDS_MAX = 8;

export type Urgency = 'safety' | 'command' | 'poll';
const RANK: Readonly<Record<Urgency, number>> = { safety: 0, command: 1, poll: 2 };

interface Waiting {
  readonly urgency: Urgency;
  readonly go: () => void;
}

export class CommandLane {
  #busy = false;
  #waiting: Waiting[] = [];
  #refused = 0;

  /** Commands turned away because eight were waiting. */
  get refused(): number {
    return this.#refused;
  }
  get depth(): number {
    return this.#waiting.length;
  }

  /** Runs `work` when the wire is free. Only commands can be refused: polls and safety are bounded by their callers. */
  async run<T>(urgency: Urgency, work: () => Promise<T>): Promise<Result<T, 'full'>> {
    if (this.#busy) {
      const commands = this.#waiting.filter((waiting) => waiting.urgency === 'command').length;
      if (urgency === 'command' && commands >= COMMANDS_MAX) {
        this.#refused += 1;
        return fail('full');
      }
      await this.#turn(urgency);
    }
    this.#busy = true;
    try {
      return ok(await work());
    } finally {
      this.#next();
    }
  }

  /** The wire stays `busy` from the one who leaves to the one who comes: nobody slips in between. */
  #turn(urgency: Urgency): Promise<void> {
    return new Promise((go) => {
      const at = this.#waiting.findIndex((other) => RANK[other.urgency] > RANK[urgency]);
      this.#waiting.splice(at < 0 ? this.#waiting.length : at, 0, { urgency, go });
    });
  }

  #next(): void {
    const next = this.#waiting.shift();
    if (next === undefined) this.#busy = false;
    else next.go();
  }
}

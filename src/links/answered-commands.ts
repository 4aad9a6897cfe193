/** Commands this worker has answered: one that comes again, under the same id, gets the first receipt and no turn. */
import type { Receipt } from '../record/command.ts';

/** A sender repeats within seconds; older ids are forgotten, the oldest first. */
export const ANSWERED_MAX = 256;

export class AnsweredCommands {
  readonly #receipts = new Map<string, Promise<Receipt>>();

  /** Carries the command out, or waits for the answer it already got. */
  once(id: string, carryOut: () => Promise<Receipt>): Promise<Receipt> {
    const known = this.#receipts.get(id);
    if (known !== undefined) return known;
    const answer = carryOut();
    this.#receipts.set(id, answer);
    const [oldest] = this.#receipts.keys();
    if (this.#receipts.size > ANSWERED_MAX && oldest !== undefined) this.#receipts.delete(oldest);
    return answer;
  }
}

/**
 * What becomes of a run a recorder brings with it (`design.md` §2, §3.9): this conductor's own run goes on; a run whose
 * recorder lived on while a conductor died is adopted; any other is recovered as crashed and sealed.
 */
import type { Clock } from '../record/clock.ts';
import type { Ack } from '../record/producer.ts';
import type { OpenRunState, StoredRun } from '../wire/messages.ts';
import { within } from './deadline.ts';
import type { RecorderPeer } from './peers.ts';
import type { RunBook } from './run-book.ts';

/** A torn journal is scanned and copied: minutes for the largest. */
const RECOVER_MS = 180_000;
const ASK_MS = 15_000;

export interface AdoptionOptions {
  readonly clock: Clock;
  readonly book: RunBook;
  /** The recorder goes on with our run after a reload. */
  continued(run: OpenRunState): void;
  /** Our predecessor's run is ours now. */
  adopted(run: OpenRunState): void;
  /** The run we held open is closed on disk: the recorder died after its work was done. */
  closedMeanwhile(runId: string): void;
  /** The run we held open cannot go on. */
  lost(reason: string): void;
  /** No run is open: whoever is still armed for one must stop. */
  none(): void;
  /** Closed runs without a seal. */
  toSeal(runIds: readonly string[]): void;
}

export class Adoption {
  readonly #options: AdoptionOptions;
  #decided = false;

  constructor(options: AdoptionOptions) {
    this.#options = options;
  }

  /** False until the first recorder was asked: run envelopes may belong to a run we do not know yet. */
  get decided(): boolean {
    return this.#decided;
  }

  /** Returns what the recorder already has of the open run. */
  async decide(peer: RecorderPeer): Promise<readonly Ack[]> {
    const { book } = this.#options;
    const found = await this.#ask(peer, ASK_MS, 'openRunState', peer.control.openRunState());
    const have = await this.#settle(peer, found);
    this.#decided = true;
    if (book.openRunId === null) this.#options.none();
    return have;
  }

  async #settle(peer: RecorderPeer, found: OpenRunState | null): Promise<readonly Ack[]> {
    const { book, continued, adopted } = this.#options;
    const ours = book.openRunId;
    if (found !== null && found.runId === ours) {
      continued(found);
      return found.have;
    }
    if (
      found !== null &&
      ours === null &&
      peer.reconnected &&
      book.can({ type: 'adopted', runId: found.runId })
    ) {
      adopted(found);
      return found.have;
    }
    await this.#recover(peer, ours);
    return [];
  }

  async #recover(peer: RecorderPeer, ours: string | null): Promise<void> {
    const runs = await this.#ask(peer, RECOVER_MS, 'recover', peer.control.recover());
    const mine = ours === null ? undefined : await this.#find(peer, runs, ours);
    if (this.#options.book.closing && (mine?.state === 'closed' || mine?.state === 'sealed'))
      this.#options.closedMeanwhile(mine.runId);
    else if (ours !== null) this.#options.lost('the recorder could not go on with it');
    this.#options.toSeal(runs.filter(({ state }) => state === 'closed').map(({ runId }) => runId));
  }

  async #find(peer: RecorderPeer, runs: readonly StoredRun[], runId: string): Promise<StoredRun | undefined> {
    const here = runs.find((run) => run.runId === runId);
    if (here !== undefined) return here;
    const all = await this.#ask(peer, ASK_MS, 'runs', peer.control.runs());
    return all.find((run) => run.runId === runId);
  }

  #ask<T>(peer: RecorderPeer, ms: number, what: string, work: Promise<T>): Promise<T> {
    return within(this.#options.clock, ms, `recorder ${what}`, work, peer.gone);
  }
}

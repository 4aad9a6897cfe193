/**
 * The end of a run, in the order of `design.md` §3.8: stop producers → drain to empty → last events → close → seal.
 * Each step has a deadline and an outcome; a recorder that reloads in between is waited for.
 */
import type { Clock } from '../record/clock.ts';
import type { RunOutcome } from '../record/run-state.ts';
import { KIND } from '../record/taxonomy.ts';
import { FREE_RUN, stoppedBy } from '../procedures/free-run.ts';
import { BridgeBroken } from '../wire/bridge.ts';
import type { Outbox } from '../wire/outbox.ts';
import { codeOf, within, wordsOf } from './deadline.ts';
import type { Instruments } from './instruments.ts';
import type { OwnProducer } from './own-producer.ts';
import type { RecorderLink } from './recorder-link.ts';
import type { RunBook } from './run-book.ts';
import type { Json } from '../record/event.ts';

/** Longer than a page reload with a slow disk; after it the run is closed with what is recorded, and says so. */
export const DRAIN_MS = 30_000;
/** A recorder that does not come back within this ends the run as failed; the next start recovers it. */
export const RECORDER_BACK_MS = 60_000;
/** Copies events.sqlite into a slot, which may have to become 60 s old before. */
const CLOSE_MS = 120_000;
const CLOSE_TRIES_MAX = 3;
const LOOK_AGAIN_MS = 5;

export interface RunStopOptions {
  readonly clock: Clock;
  readonly book: RunBook;
  readonly own: OwnProducer;
  readonly instruments: Instruments;
  readonly recorder: RecorderLink;
  readonly outbox: Outbox;
  /** `queue_health` and `device_identities` for `run.ended`. */
  facts(): { readonly [key: string]: Json };
}

export class RunStop {
  readonly #options: RunStopOptions;

  constructor(options: RunStopOptions) {
    this.#options = options;
  }

  /** Call when the book says `stopWanted`. Resolves when the recorder has closed the run; rejects when it could not. */
  async finish(outcome: RunOutcome): Promise<{ readonly runId: string; readonly outcome: RunOutcome }> {
    const { book, own, instruments } = this.#options;
    const runId = book.openRunId;
    if (runId === null) throw new BridgeBroken('there is no open run to finish');
    const last = await instruments.disarmAll();
    book.apply({ type: 'producers-stopped' });
    const left = await this.#drain(last);
    if (book.openRunId !== runId) throw new BridgeBroken(`run ${runId} failed while it was drained`);
    const final: RunOutcome =
      left === null ? outcome : { runStatus: 'crashed', exitReason: `drain_failed: ${left}` };
    own.event({
      kind: KIND.freeRunEnded,
      severity: 'info',
      source: FREE_RUN.source,
      message: `free run ended: ${stoppedBy(outcome)}`,
      metadata: { stopped_by: stoppedBy(outcome) },
    });
    this.#sayEnded(final);
    const upTo = own.runUpTo();
    // `run.ended` is the last fact of the run; what is said from here on belongs to the kiosk.
    own.endRun();
    await this.#recorded(upTo);
    book.ended(this.#options.clock.hostMs());
    await this.#close(final);
    return { runId, outcome: final };
  }

  #sayEnded(outcome: RunOutcome): void {
    const { own, facts } = this.#options;
    own.log('INFO', 'engine.run.end', { run_status: outcome.runStatus, exit_reason: outcome.exitReason });
    own.event({
      kind: KIND.runEnded,
      severity: outcome.runStatus === 'crashed' ? 'error' : 'info',
      message: `run ended: ${outcome.runStatus} (${outcome.exitReason})`,
      metadata: { run_status: outcome.runStatus, exit_reason: outcome.exitReason, ...facts() },
    });
  }

  /** Null when everything of the run is recorded, otherwise what is left. */
  async #drain(last: Parameters<Outbox['whenAcked']>[0]): Promise<string | null> {
    const { clock, instruments, outbox } = this.#options;
    const untilMs = clock.hostMs() + DRAIN_MS;
    while (instruments.waiting > 0 && clock.hostMs() < untilMs) await clock.sleep(LOOK_AGAIN_MS);
    const rest = Math.max(1, untilMs - clock.hostMs());
    try {
      await within(clock, rest, 'drain', outbox.whenAcked([...last, ...outbox.kept.runLanes()]));
      return null;
    } catch {
      return `${outbox.kept.envelopes} emissions, ${outbox.kept.bytes} bytes not recorded after ${DRAIN_MS / 1000} s`;
    }
  }

  /** The last events are worth waiting for, but not for ever: closing tells how it stands. */
  async #recorded(upTo: Parameters<Outbox['whenAcked']>[0]): Promise<void> {
    const { clock, outbox } = this.#options;
    await within(clock, DRAIN_MS, 'last events', outbox.whenAcked(upTo)).catch(() => undefined);
  }

  async #close(outcome: RunOutcome): Promise<void> {
    const { book, recorder } = this.#options;
    book.closing = true;
    for (let tries = 1; ; tries += 1) {
      await recorder.whenReady(RECORDER_BACK_MS);
      // It died after its work was done; the one that came in its place found the run closed.
      if (book.openRunId === null) return;
      try {
        await recorder.ask(CLOSE_MS, 'closeRun', (control) => control.closeRun(outcome));
        return book.closed();
      } catch (error) {
        const again = ['gone', 'closed', 'no_recorder'].includes(codeOf(error));
        if (!again || tries >= CLOSE_TRIES_MAX) throw new Error(`close: ${wordsOf(error)}`);
      }
    }
  }
}

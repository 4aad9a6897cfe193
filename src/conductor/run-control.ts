/** Start and stop of a run: the only place that moves the run state. */
import type { Clock } from '../record/clock.ts';
import type { Json } from '../record/event.ts';
import type { Ack } from '../record/producer.ts';
import { isRunOpen, type RunOutcome } from '../record/run-state.ts';
import { KIND } from '../record/taxonomy.ts';
import { endsAtHostMs, FREE_RUN, PROCEDURE_COMPLETE } from '../procedures/free-run.ts';
import type { OpenRunState, RunPlan, StartRequest, StartResult } from '../wire/messages.ts';
import { BridgeBroken } from '../wire/bridge.ts';
import { codeOf, within, wordsOf } from './deadline.ts';
import { factsOf, startRefusal } from './run-start.ts';
import { RunStop, type RunStopOptions } from './run-stop.ts';

const OPEN_MS = 15_000;
/** A commit takes 50 ms; a recorder that stalls longer does not hold up the instruments. */
const STARTED_MS = 3000;
/** It may wait for a slot to become 60 s old, behind a close that does the same. */
const ABANDON_MS = 240_000;
/** Timers of browsers end at 2^31 ms (24.8 days); a long run is waited for in pieces. */
const WAIT_PIECE_MS = 3_600_000;

export interface RunControlOptions extends RunStopOptions {
  readonly clock: Clock;
  /** The plan for this request, zero = now. */
  plan(request: StartRequest): RunPlan;
  readonly rig: () => Parameters<typeof startRefusal>[1];
  /** A run is over, sealed or not: nothing of it is taken any more. */
  over(): void;
  toSeal(runId: string): void;
}

export class RunControl {
  readonly #options: RunControlOptions;
  readonly #stop: RunStop;
  #procedure: AbortController | null = null;
  /** A stop that came before the run was open (`spec/capa.md` §4.2: latched, the first reason wins). */
  #latched: RunOutcome | null = null;

  constructor(options: RunControlOptions) {
    this.#options = options;
    this.#stop = new RunStop(options);
  }

  async start(request: StartRequest): Promise<StartResult> {
    const { book, recorder, rig } = this.#options;
    if (!book.can({ type: 'start' }))
      return { ok: false, code: 'run_open', detail: `a run is ${book.state.phase}` };
    const refusal = startRefusal(request, rig(), recorder.health, recorder.peer !== null);
    if (refusal !== null) return refusal;
    const plan = this.#options.plan(request);
    const armInS = recorder.health?.armInS ?? 0;
    if (plan.waiver === 'none' && armInS > 0)
      return { ok: false, code: 'slots_young', detail: `slots are old enough in ${Math.ceil(armInS)} s` };
    const { durationS } = request;
    book.begin({ zero: plan.zero, sampleId: plan.sampleId, operatorId: plan.operator.id, durationS });
    try {
      const opened = await recorder.ask(OPEN_MS, 'openRun', (control) => control.openRun(plan));
      if (!opened.ok) return this.#notStarted(opened.code, opened.detail);
      await this.#begin(opened.runId, plan, request);
      return { ok: true, runId: opened.runId };
    } catch (error) {
      return this.#notStarted(codeOf(error), wordsOf(error));
    }
  }

  /** The first reason wins; what follows is seen in the run state. False = there is no run, nor one being prepared. */
  stop(outcome: RunOutcome): boolean {
    const { book } = this.#options;
    if (book.state.phase === 'preparing') this.#latched ??= outcome;
    if (!book.can({ type: 'stop', outcome })) return isRunOpen(book.state);
    book.apply({ type: 'stop', outcome });
    this.#procedure?.abort();
    void this.#finish(outcome);
    return true;
  }

  /** Our predecessor died with this run open; recorder and instruments lived on. */
  adopt(run: OpenRunState): void {
    const { book, own, instruments } = this.#options;
    const facts = factsOf(run);
    book.adopted(run.runId, facts);
    own.beginRun();
    own.event({
      kind: KIND.conductorRestarted,
      severity: 'warning',
      message: 'the conductor was restarted and goes on with the run; nothing recorded is lost',
    });
    // The predecessor may have been stopping: who is not armed any more is armed again.
    void instruments.armAll({ runId: run.runId, zero: facts.zero, job: FREE_RUN.job });
    this.#untilElapsed(facts.zero, facts.durationS);
  }

  /** The run cannot go on: it ends here as failed, and is sealed as crashed once it is recovered. */
  fail(reason: string): void {
    const { book, own, clock, instruments } = this.#options;
    if (!isRunOpen(book.state)) return;
    this.#procedure?.abort();
    book.failed(reason, clock.hostMs());
    own.endRun();
    this.#options.over();
    own.log('ERROR', 'run.failed', { reason });
    void instruments.disarmAll();
    void this.#giveUp();
  }

  async #begin(runId: string, plan: RunPlan, request: StartRequest): Promise<void> {
    const { book, clock, own, instruments, outbox } = this.#options;
    own.beginRun();
    book.opened(runId);
    const started = this.#sayStarted(runId, plan, request);
    // Nothing comes before it, also when recorder and conductor die within the first second.
    await within(clock, STARTED_MS, 'run.started', outbox.whenAcked(started)).catch(() => undefined);
    // Stopped or failed meanwhile: an arm now would come after the disarm, and stay.
    const goesOn = book.openRunId === runId && book.can({ type: 'stop', outcome: PROCEDURE_COMPLETE });
    if (goesOn) await instruments.armAll({ runId, zero: plan.zero, job: FREE_RUN.job });
    this.#untilElapsed(plan.zero, request.durationS);
    if (this.#latched !== null) this.stop(this.#latched);
    this.#latched = null;
  }

  #sayStarted(runId: string, plan: RunPlan, { durationS }: StartRequest): readonly Ack[] {
    const { own } = this.#options;
    const facts: { [key: string]: Json } = {
      run_id: runId,
      run_uuid: plan.runUuid,
      sample_id: plan.sampleId,
      operator_id: plan.operator.id,
      procedure: FREE_RUN.id,
      rig: this.#options.rig().name,
      waiver: plan.waiver,
    };
    const upTo = own.event({
      kind: KIND.runStarted,
      severity: 'info',
      at: plan.zero,
      message: `run ${runId} started`,
      metadata: facts,
    });
    own.event({
      kind: KIND.freeRunStarted,
      severity: 'info',
      source: FREE_RUN.source,
      at: plan.zero,
      message: durationS === null ? 'free run until stopped' : `free run for ${durationS} s`,
      metadata: { duration_s: durationS },
    });
    own.log('INFO', 'engine.run.start', facts);
    return upTo;
  }

  /** Nothing was opened, as far as we know: no run failed. What a dead recorder opened after all is recovered. */
  #notStarted(code: string, detail: string): StartResult {
    const { book, own } = this.#options;
    this.#latched = null;
    const gone = code === 'gone' || code === 'closed';
    const words = gone ? 'the recorder went away before the run was open; nothing was recorded' : detail;
    if (book.can({ type: 'not-opened' })) {
      book.notOpened();
      own.log('WARNING', 'run.not_started', { code, detail });
      void this.#giveUp();
    } else this.fail(`${code}: ${detail}`);
    return { ok: false, code, detail: words };
  }

  /** What the recorder may still hold open is recovered as crashed. */
  async #giveUp(): Promise<void> {
    const { recorder } = this.#options;
    try {
      const left = await recorder.ask(ABANDON_MS, 'abandonRun', (control) => control.abandonRun());
      if (left?.state === 'closed') this.#options.toSeal(left.runId);
    } catch {
      // No recorder: its successor recovers what there is.
    }
  }

  #untilElapsed(zero: RunPlan['zero'], durationS: number | null): void {
    const { clock, book } = this.#options;
    const endMs = endsAtHostMs(zero, durationS);
    const runId = book.openRunId;
    if (endMs === null || !book.can({ type: 'stop', outcome: PROCEDURE_COMPLETE })) return;
    const procedure = new AbortController();
    this.#procedure = procedure;
    const wait = async () => {
      for (let leftMs = endMs - clock.hostMs(); leftMs > 0; leftMs = endMs - clock.hostMs())
        await clock.sleep(Math.min(leftMs, WAIT_PIECE_MS), procedure.signal);
    };
    wait().then(
      () => {
        if (book.openRunId === runId) this.stop(PROCEDURE_COMPLETE);
      },
      // Stopped before: whoever did that goes on.
      () => undefined,
    );
  }

  async #finish(outcome: RunOutcome): Promise<void> {
    try {
      const { runId } = await this.#stop.finish(outcome);
      this.#options.over();
      this.#options.toSeal(runId);
    } catch (error) {
      // A run that failed meanwhile is nobody's fault here: its outcome is told already.
      if (!(error instanceof BridgeBroken)) this.fail(wordsOf(error));
    }
  }
}

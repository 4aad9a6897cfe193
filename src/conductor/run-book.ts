/** The one place that says which run there is and how it stands. */
import type { HostMs, RunZero } from '../record/clock.ts';
import { nextRunState, type RunAction, type RunState } from '../record/run-state.ts';
import { BridgeBroken } from '../wire/bridge.ts';
import type { RunView } from '../wire/messages.ts';

export interface RunFacts {
  readonly zero: RunZero;
  readonly sampleId: string;
  readonly operatorId: string;
  readonly durationS: number | null;
}

export class RunBook {
  #state: RunState = { phase: 'idle' };
  #facts: RunFacts | null = null;
  #openRunId: string | null = null;
  #endedHostMs: HostMs | null = null;
  /** `closeRun` was asked for: a recorder that comes back without the run has closed it. */
  closing = false;
  readonly #changed: (from: RunState['phase'], to: RunState['phase']) => void;

  constructor(changed: (from: RunState['phase'], to: RunState['phase']) => void) {
    this.#changed = changed;
  }

  get state(): RunState {
    return this.#state;
  }
  get facts(): RunFacts | null {
    return this.#facts;
  }
  /** Set while the recorder holds a run open for us: from `openRun` to `closeRun`. */
  get openRunId(): string | null {
    return this.#openRunId;
  }

  can(action: RunAction): boolean {
    return nextRunState(this.#state, action) !== null;
  }

  apply(action: RunAction): void {
    const next = nextRunState(this.#state, action);
    if (next === null)
      throw new BridgeBroken(`a run that is ${this.#state.phase} cannot become ${action.type}`);
    const from = this.#state.phase;
    this.#state = next;
    if (from !== next.phase) this.#changed(from, next.phase);
  }

  /** A new run is being prepared. */
  begin(facts: RunFacts): void {
    this.apply({ type: 'start' });
    this.#facts = facts;
    this.#endedHostMs = null;
    this.closing = false;
  }

  opened(runId: string): void {
    this.#openRunId = runId;
    this.apply({ type: 'opened', runId });
  }

  /** The recorder did not open it: there is no run. */
  notOpened(): void {
    this.apply({ type: 'not-opened' });
    this.#facts = null;
  }

  /** A run this conductor did not start: its predecessor did. */
  adopted(runId: string, facts: RunFacts): void {
    this.#openRunId = runId;
    this.#facts = facts;
    this.apply({ type: 'adopted', runId });
  }

  /** No more facts come: the end that is shown. */
  ended(atMs: HostMs): void {
    this.#endedHostMs ??= atMs;
  }

  closed(): void {
    this.#openRunId = null;
    this.apply({ type: 'closed' });
  }

  failed(reason: string, atMs: HostMs): void {
    this.#openRunId = null;
    if (this.can({ type: 'failed', reason })) this.apply({ type: 'failed', reason });
    this.ended(atMs);
  }

  view(): RunView {
    return {
      state: this.#state,
      zero: this.#facts?.zero ?? null,
      sampleId: this.#facts?.sampleId ?? null,
      operatorId: this.#facts?.operatorId ?? null,
      durationS: this.#facts?.durationS ?? null,
      endedHostMs: this.#endedHostMs,
    };
  }
}

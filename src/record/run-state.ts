/** The life of a run (`design.md` §7). A pure reducer: an edge that is not here does not exist. */
export type RunStatus = 'running' | 'completed' | 'aborted' | 'crashed';
export type BundleStatus = 'open' | 'finalizing' | 'finalized_unverified' | 'sealed' | 'verification_failed';
export type IntegrityStatus = 'unknown' | 'ok' | 'mismatch' | 'partial';

export interface RunOutcome {
  readonly runStatus: Exclude<RunStatus, 'running'>;
  /** `procedure_complete`, `operator_stop`, … (`spec/capa.md` §1.2). */
  readonly exitReason: string;
}

export type RunState =
  | { readonly phase: 'idle' }
  | { readonly phase: 'preparing'; readonly runId: string | null }
  | { readonly phase: 'running'; readonly runId: string; readonly stopWanted: RunOutcome | null }
  | { readonly phase: 'draining'; readonly runId: string; readonly outcome: RunOutcome }
  | { readonly phase: 'finalizing'; readonly runId: string; readonly outcome: RunOutcome }
  | {
      readonly phase: 'sealed';
      readonly runId: string;
      readonly outcome: RunOutcome;
      readonly rootDigest: string;
    }
  | { readonly phase: 'failed'; readonly runId: string | null; readonly reason: string };

export type RunAction =
  | { readonly type: 'start' }
  | { readonly type: 'opened'; readonly runId: string }
  | { readonly type: 'not-opened' }
  | { readonly type: 'adopted'; readonly runId: string }
  | { readonly type: 'stop'; readonly outcome: RunOutcome }
  | { readonly type: 'producers-stopped' }
  | { readonly type: 'closed' }
  | { readonly type: 'sealed'; readonly rootDigest: string }
  | { readonly type: 'failed'; readonly reason: string };

/** The next state, or null when this action has no edge from here (the caller refuses it in words). */
export function nextRunState(state: RunState, action: RunAction): RunState | null {
  switch (action.type) {
    case 'start':
      // Sealing must not hold up the next run (`design.md` §2): what becomes of the old one is told by its bundle.
      return state.phase === 'finalizing' || !isRunOpen(state) ? { phase: 'preparing', runId: null } : null;
    case 'opened':
      return state.phase === 'preparing' ? { phase: 'running', runId: action.runId, stopWanted: null } : null;
    case 'not-opened':
      // A run that never opened did not fail: there is none.
      return state.phase === 'preparing' ? { phase: 'idle' } : null;
    case 'adopted':
      return state.phase === 'idle' || state.phase === 'preparing'
        ? { phase: 'running', runId: action.runId, stopWanted: null }
        : null;
    case 'stop':
      // The first reason wins (`spec/capa.md` §4.2).
      return state.phase === 'running' && state.stopWanted === null
        ? { ...state, stopWanted: action.outcome }
        : null;
    case 'producers-stopped':
      return state.phase === 'running' && state.stopWanted !== null
        ? { phase: 'draining', runId: state.runId, outcome: state.stopWanted }
        : null;
    case 'closed':
      return state.phase === 'draining' ? { ...state, phase: 'finalizing' } : null;
    case 'sealed':
      return state.phase === 'finalizing'
        ? { phase: 'sealed', runId: state.runId, outcome: state.outcome, rootDigest: action.rootDigest }
        : null;
    case 'failed':
      return state.phase === 'idle' || state.phase === 'sealed' || state.phase === 'failed'
        ? null
        : { phase: 'failed', runId: 'runId' in state ? state.runId : null, reason: action.reason };
  }
}

/** A run is open: outputs may move, updates and other runs must wait. */
export function isRunOpen(state: RunState): boolean {
  return state.phase !== 'idle' && state.phase !== 'sealed' && state.phase !== 'failed';
}

import type { BundleSummary, Progress, VerifyReport } from '../bundle/types.ts';
import type { ExportOutcome } from '../export/types.ts';
import type { BrowserCapabilities } from '../platform/capabilities.ts';
import type { Command, Receipt } from '../record/command.ts';
import type { Problem, Result } from '../record/problem.ts';
import type { MirrorFrame, MirrorSnapshot, StartRequest, StartResult } from '../wire/messages.ts';

export type { BrowserCapabilities as Capabilities } from '../platform/capabilities.ts';
export type { ExportOutcome as ExportResult } from '../export/types.ts';

export type ConnectResult =
  | { readonly ok: true }
  | {
      readonly ok: false;
      readonly code: 'cancelled' | 'unsupported' | 'observer' | 'failed';
      readonly detail: string;
    };

export interface UpdateState {
  readonly available: boolean;
  /** Offered only while no run is open; otherwise why not. */
  readonly blockedBy: string | null;
}

/**
 * Everything the screens (and `globalThis.benchseal`, for headless use and tests) may ask of the app.
 * Implemented in `main.ts` over platform, workers and export.
 */
export interface Kiosk {
  readonly build: { readonly version: string; readonly hash: string };
  readonly capabilities: BrowserCapabilities;
  /** Calls back with a full snapshot at once, then with every frame. Returns the unsubscriber. */
  subscribe(
    onSnapshot: (snapshot: MirrorSnapshot) => void,
    onFrame: (frame: MirrorFrame) => void,
  ): () => void;
  /** Latest whole view, for scripts. */
  snapshot(): Promise<MirrorSnapshot>;

  loadExampleRig(name: 'simulated' | 'watlow-alicat'): Promise<Result<void, readonly Problem[]>>;
  loadRig(toml: string): Promise<Result<void, readonly Problem[]>>;
  rigToml(): Promise<string>;
  /** Opens the browser's chooser; needs a user gesture. */
  connectInstrument(): Promise<ConnectResult>;
  removeDevice(device: string): Promise<void>;

  start(request: StartRequest): Promise<StartResult>;
  stop(reason: string): Promise<void>;
  note(text: string): Promise<void>;
  command(command: Command): Promise<Receipt>;

  bundles(): Promise<readonly BundleSummary[]>;
  rebuildCatalog(): Promise<readonly BundleSummary[]>;
  /** Aborting ends the wait with the signal's reason; nothing was changed. */
  verify(runId: string, progress: (p: Progress) => void, signal?: AbortSignal): Promise<VerifyReport>;
  exportTo(
    runId: string,
    kind: 'directory' | 'file' | 'download',
    progress: (p: Progress) => void,
    signal?: AbortSignal,
  ): Promise<ExportOutcome>;
  /** Seals in progress, for the Bundles screen. */
  onSealProgress(listener: (runId: string, progress: Progress | null) => void): () => void;

  update(): UpdateState;
  onUpdate(listener: (state: UpdateState) => void): () => void;
  applyUpdate(): Promise<void>;
  /** Present when the browser offers installation. */
  install(): (() => Promise<boolean>) | null;

  setting(key: 'operatorId' | 'operatorName' | 'theme'): Promise<string | null>;
  setSetting(key: 'operatorId' | 'operatorName' | 'theme', value: string): Promise<void>;
}

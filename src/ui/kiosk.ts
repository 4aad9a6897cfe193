import type { BundleSummary, Progress, VerifyReport } from '../bundle/types.ts';
import type { Command, Receipt } from '../record/command.ts';
import type { Problem, Result } from '../record/problem.ts';
import type { MirrorFrame, MirrorSnapshot, StartRequest, StartResult } from '../wire/messages.ts';

/** What this browser can and cannot do, in words for the honest-limits page. */
export interface Capabilities {
  readonly webSerial: boolean;
  readonly sharedWorker: boolean;
  readonly crossOriginIsolated: boolean;
  readonly opfs: boolean;
  readonly directoryPicker: boolean;
  readonly savePicker: boolean;
  readonly persisted: boolean;
  readonly installed: boolean;
}

export type ConnectResult =
  | { readonly ok: true }
  | {
      readonly ok: false;
      readonly code: 'cancelled' | 'unsupported' | 'observer' | 'failed';
      readonly detail: string;
    };

/** `verified` only after every byte was read back from the target and its digest compared. */
export type ExportResult =
  | {
      readonly ok: true;
      readonly kind: 'directory' | 'file';
      readonly target: string;
      readonly verified: true;
      readonly rootDigest: string;
      readonly receipt: string;
    }
  /** A download leaves the page's sight: nothing was read back, and the words say so. */
  | {
      readonly ok: true;
      readonly kind: 'download';
      readonly target: string;
      readonly verified: false;
      readonly rootDigest: string;
      readonly receipt: string;
    }
  | {
      readonly ok: false;
      readonly code: 'cancelled' | 'full' | 'mismatch' | 'failed';
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
  readonly capabilities: Capabilities;
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
  ): Promise<ExportResult>;
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

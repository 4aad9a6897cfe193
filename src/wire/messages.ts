/**
 * The one contract between threads. Every message that crosses a port is declared here; an unknown one is an error.
 *
 * Each worker has two ports to the conductor: `control` (comlink, through `call.ts`) and `data` (raw, through
 * `bridge.ts`). The page has the same two.
 */
import type { HostMs, RunZero } from '../record/clock.ts';
import type { Command, Receipt } from '../record/command.ts';
import type { Json, RecordedEvent, Severity } from '../record/event.ts';
import type { Envelope, Health } from '../record/item.ts';
import type { Problem } from '../record/problem.ts';
import type { Ack, Lane, ProducerId } from '../record/producer.ts';
import type { RunOutcome, RunState } from '../record/run-state.ts';
import type { Rig } from '../rig/rig.ts';

/** Web Lock names. The order of every link is lock, then hello, then queue (`design.md` §2). */
export const LOCK = {
  rigOwner: 'benchseal.rig-owner',
  conductor: 'benchseal.conductor',
  recorder: 'benchseal.recorder',
  instrument: (resource: string, epochMs: number) => `benchseal.instrument.${resource}.${epochMs}`,
  page: (pageId: string) => `benchseal.page.${pageId}`,
} as const;

/** First message on a SharedWorker port, or to a worker: everything it needs to talk. */
export interface PortPair {
  readonly control: MessagePort;
  readonly data: MessagePort;
}

/** Page → conductor (`SharedWorker.port.postMessage`). Roles other than `page` are ports the owner page made for its workers. */
export type ConductorHello =
  | {
      readonly type: 'page';
      readonly pageId: string;
      readonly buildHash: string;
      readonly owner: boolean;
      readonly ports: PortPair;
      /** `env/build.json` as this page knows it: build, browser, platform. Owner page only. */
      readonly environment?: { readonly [key: string]: Json };
      /** The rig this page works with: a conductor that has none takes it (owner page only). */
      readonly rig?: Rig;
    }
  | {
      readonly type: 'recorder';
      readonly lock: string;
      readonly ports: PortPair;
      /** This worker lived on while the conductor died: a run it has open is adopted, not recovered. */
      readonly reconnected?: boolean;
    }
  | {
      readonly type: 'instrument';
      readonly lock: string;
      readonly resource: string;
      readonly ports: PortPair;
      /** This worker lived on: it is still armed as it was and resends by itself. */
      readonly reconnected?: boolean;
    };

/** Owner page → dedicated worker: start, or (again) after the conductor died: the new ports. */
export type RecorderStart =
  | { readonly type: 'start'; readonly epochMs: number; readonly ports: PortPair; readonly buildHash: string }
  | { readonly type: 'reconnect'; readonly ports: PortPair };
export type InstrumentStart =
  | {
      readonly type: 'start';
      readonly epochMs: number;
      readonly resource: string;
      readonly port: Rig['devices'][number]['port'];
      /** Simulated resource only: waives nothing, seeds the world. */
      readonly seed: number;
      readonly ports: PortPair;
    }
  | { readonly type: 'reconnect'; readonly ports: PortPair };
/** Worker → owner page, once, when its lock is held and it may be introduced to the conductor. */
export type WorkerReady =
  | { readonly type: 'ready'; readonly lock: string }
  | { readonly type: 'fatal'; readonly code: string; readonly detail: string };

// ---------------------------------------------------------------- data ports

/** Credit bridge frames (`bridge.ts`). `take` returns credits for emissions the receiver has taken. */
export type BridgeFrame<T> =
  | { readonly type: 'emit'; readonly items: readonly T[] }
  | { readonly type: 'take'; readonly count: number; readonly bytes: number };

/** Instrument → conductor data port carries `BridgeFrame<Envelope>`; back come acks and resend requests. */
export type AckFrame = { readonly type: 'ack'; readonly acks: readonly Ack[] };
/** What the recorder already has of a lane; holders resend from `upTo + 1` and forget the rest. */
export type HaveFrame = {
  readonly type: 'have';
  readonly have: readonly Ack[];
  readonly runId: string | null;
};
/** The run these belong to is over without them: they will never be recorded, whoever keeps them lets go. */
export type ForgetFrame = { readonly type: 'forget'; readonly upTo: readonly Ack[] };
export type UpstreamFrame = BridgeFrame<Envelope>;
export type DownstreamFrame = BridgeFrame<Envelope> | AckFrame | HaveFrame | ForgetFrame;

/** Recorder → conductor, besides `take`, `ack`, `have`: what may now be shown as recorded. */
export type RecordedFrame = {
  readonly type: 'recorded';
  readonly scope: 'run' | 'kiosk';
  readonly events: readonly RecordedEvent[];
};
export type RecorderFrame =
  DownstreamFrame | RecordedFrame | { readonly type: 'recorder-health'; readonly health: RecorderHealth };

export interface RecorderHealth {
  /** Spare slots old enough to write into, and those not yet. */
  readonly slotsAged: number;
  readonly slotsYoung: number;
  /** Seconds until a run may be armed without a waiver; 0 = now. */
  readonly armInS: number;
  readonly slotBytes: number;
  readonly lastCommitHostMs: HostMs | null;
  readonly lastFlushHostMs: HostMs | null;
  readonly eventsRecorded: number;
  readonly dataRecorded: number;
  readonly journalBytes: number;
  readonly part: string | null;
  readonly queueDepth: number;
  readonly error: { readonly code: string; readonly detail: string } | null;
}

// ---------------------------------------------------------------- control: instrument

/** How a link stands, for the device table of every page. */
export type LinkPhase =
  'waiting-for-port' | 'opening' | 'identifying' | 'polling' | 'late' | 'lost' | 'failed';

export interface DeviceView {
  readonly device: string;
  readonly family: string;
  readonly resource: string;
  readonly phase: LinkPhase;
  readonly health: Health;
  readonly detail: string;
  readonly identity: {
    readonly manufacturer: string;
    readonly model: string;
    readonly serial: string;
    readonly firmware: string;
  } | null;
  readonly rateHz: number;
  readonly lastSampleHostMs: HostMs | null;
  readonly polls: number;
  readonly failures: { readonly [code: string]: number };
  /** Bytes the scanners dropped, by reason. */
  readonly skipped: { readonly [why: string]: number };
  readonly bridge: BridgeCounters;
  readonly unackedBytes: number;
}

/** `enqueued = delivered + dropped + depth`, always (`design.md` §3.5). */
export interface BridgeCounters {
  readonly capacity: number;
  readonly depth: number;
  readonly depthMax: number;
  readonly enqueued: number;
  readonly delivered: number;
  readonly dropped: number;
  readonly blockedTotalMs: number;
  /** −1 = not blocked (`spec/capa.md` §1.2). */
  readonly blockedSinceMs: number;
}

/** Conductor → instrument worker. */
export interface InstrumentControl {
  /** Devices of this resource; an empty list = find out what is there. Idempotent. */
  configure(devices: Rig['devices']): Promise<void>;
  arm(run: {
    readonly runId: string;
    readonly epochMs: number;
    readonly zero: RunZero;
    readonly job: string;
  }): Promise<void>;
  /** Stops producers: nothing of this run is emitted after it resolves. Result `ok|forced` as `spec/capa.md` §4.3. */
  disarm(): Promise<{ readonly result: 'ok' | 'forced'; readonly upTo: readonly Ack[] }>;
  command(command: Command): Promise<Receipt>;
  makeSafe(): Promise<readonly Receipt[]>;
  ping(): Promise<HostMs>;
  devices(): Promise<readonly DeviceView[]>;
}
/** Instrument worker → conductor (over the same comlink pair, exposed by the conductor). */
export interface InstrumentHost {
  /** The conductor's clock: instrument workers align theirs to it (`design.md` §4). */
  ping(): Promise<HostMs>;
  deviceChanged(view: DeviceView): Promise<void>;
  /** A probed port answered: what it is, with the device and channels it offers. */
  discovered(found: {
    readonly resource: string;
    readonly family: string;
    readonly device: Rig['devices'][number];
    readonly channels: Rig['channels'];
  }): Promise<void>;
}

// ---------------------------------------------------------------- control: recorder

/** Recorder → conductor: what the recorder states itself is dated on the conductor's clock too (`design.md` §4). */
export interface RecorderHost {
  ping(): Promise<HostMs>;
}

/** Everything that must be fixed before the first event of a run. Members are written into the journal's head. */
export interface RunPlan {
  readonly sampleId: string;
  readonly operator: { readonly id: string; readonly displayName: string };
  readonly runUuid: string;
  readonly zero: RunZero;
  /** `config.toml`, `method.toml`, `env/build.json`, `equipment.toml`, `calibration.json`: path → text. */
  readonly members: { readonly [path: string]: string };
  readonly waiver: 'none' | 'arm-now' | 'simulated';
  readonly partBytesMax: number;
  readonly partMinutesMax: number;
  /** Flat facts for the MCAP `session` metadata record. */
  readonly session: { readonly [key: string]: string };
}

export type OpenRunResult =
  | { readonly ok: true; readonly runId: string }
  | {
      readonly ok: false;
      readonly code: 'slots_young' | 'no_slots' | 'run_open' | 'storage';
      readonly detail: string;
      readonly armInS: number;
    };

/** A run the recorder found on disk or has open. */
export interface StoredRun {
  readonly runId: string;
  readonly state: 'open' | 'closed' | 'torn' | 'sealed';
  readonly zero: RunZero | null;
  readonly startedUtc: string | null;
  readonly sampleId: string | null;
}

export interface OpenRunState {
  readonly runId: string;
  readonly plan: RunPlan;
  readonly have: readonly Ack[];
}

/** Conductor or page → recorder. */
export interface RecorderControl {
  openRun(plan: RunPlan): Promise<OpenRunResult>;
  /** After a reload: adopts the run this recorder continued, or null. */
  openRunState(): Promise<OpenRunState | null>;
  /** Last chunk, close parts, close and copy events.sqlite into a slot. Call only after all bridges are drained. */
  closeRun(outcome: RunOutcome): Promise<{ readonly runId: string }>;
  /** Runs found at start that nobody continues: torn ones are made ready for sealing (`run.recovered`). */
  recover(): Promise<readonly StoredRun[]>;
  /** Give up on continuing the open run: it is recovered as crashed. */
  abandonRun(): Promise<StoredRun | null>;
  runs(): Promise<readonly StoredRun[]>;
  health(): Promise<RecorderHealth>;
  ping(): Promise<HostMs>;
  /** Daily kiosk log as JSON Lines, `benchseal-YYYYMMDD.log`. */
  kioskLog(day: string): Promise<string>;
}

// ---------------------------------------------------------------- control: page ↔ conductor

/** Longest operator note, characters. The form and the conductor hold the same bound. */
export const NOTE_CHARS_MAX = 4000;

export interface StartRequest {
  readonly sampleId: string;
  readonly operator: { readonly id: string; readonly displayName: string };
  readonly durationS: number | null;
  readonly armNow: boolean;
}
export type StartResult =
  | { readonly ok: true; readonly runId: string }
  | { readonly ok: false; readonly code: string; readonly detail: string };

/** Page → conductor. Mutating calls of an observer are refused with code `observer`. */
export interface ConductorControl {
  setRig(rig: Rig): Promise<readonly Problem[]>;
  /** A port granted by the chooser: make it a resource and find out what it is. */
  addPort(port: Rig['devices'][number]['port']): Promise<void>;
  removeDevice(device: string): Promise<void>;
  start(request: StartRequest): Promise<StartResult>;
  stop(reason: string): Promise<void>;
  note(text: string, operatorId: string): Promise<void>;
  command(command: Command): Promise<Receipt>;
  /** Outcome of the bundle worker's seal, told by the owner page. */
  sealFinished(result: SealResult): Promise<void>;
  snapshot(): Promise<MirrorSnapshot>;
  ping(): Promise<HostMs>;
}

/** Conductor → page, over the page's comlink pair. */
export interface PageHost {
  /** Owner page only: start the bundle worker for this run. */
  sealWanted(runId: string): Promise<void>;
}

export type SealResult =
  | { readonly ok: true; readonly runId: string; readonly rootDigest: string; readonly integrity: 'ok' }
  | { readonly ok: false; readonly runId: string; readonly code: string; readonly detail: string };

// ---------------------------------------------------------------- mirror: conductor → page, drop-oldest

export interface ChannelView {
  readonly channel: string;
  readonly unit: string;
  readonly value: number;
  readonly status: string;
  readonly tHostMs: HostMs;
}

/** New points of one channel since the last frame, already decimated. `t` is host ms. */
export interface PlotPoints {
  readonly channel: string;
  readonly t: Float64Array;
  readonly v: Float64Array;
}

export interface ConductorHealth {
  readonly loopLagP50Ms: number;
  readonly loopLagP99Ms: number;
  readonly loopLagMaxMs: number;
  readonly worstBlockedMs: number;
  readonly queueDepth: number;
  readonly queueDepthMax: number;
  readonly uiEvictions: number;
  readonly mirrorDropped: number;
  readonly retainedBytes: number;
  readonly bridgeToRecorder: BridgeCounters;
  readonly recorder: RecorderHealth | null;
}

export interface RunView {
  readonly state: RunState;
  readonly zero: RunZero | null;
  readonly sampleId: string | null;
  readonly operatorId: string | null;
  readonly durationS: number | null;
  readonly endedHostMs: HostMs | null;
}

/** Ids begin again with each run and outside runs, so a row says which log it is in. */
export interface ShownEvent extends RecordedEvent {
  readonly scope: RecordedFrame['scope'];
}

export interface MirrorFrame {
  readonly type: 'frame';
  readonly hostMs: HostMs;
  readonly run: RunView;
  readonly devices: readonly DeviceView[];
  readonly channels: readonly ChannelView[];
  readonly plot: readonly PlotPoints[];
  /** Events recorded since the last frame, oldest first. */
  readonly events: readonly ShownEvent[];
  readonly health: ConductorHealth;
  /** Sent when it changed. */
  readonly rig?: Rig;
  /** This page: owner of the rig, or observer and why. */
  readonly owner: boolean;
}

/** Everything a page that comes late must know: the whole ring, the last 5,000 events. */
export interface MirrorSnapshot extends Omit<MirrorFrame, 'type'> {
  readonly rig: Rig;
  readonly refusal: { readonly code: 'build'; readonly detail: string } | null;
}

/** Page ↔ conductor data port: frames down, credits up (2 outstanding). */
export type MirrorDown = MirrorFrame;
export type MirrorUp = { readonly type: 'credit' };

export type { Lane, ProducerId, Severity, Json };

import type { RunZero } from '../record/clock.ts';
import type { DeviceIdentity } from '../record/device-identity.ts';
import type { Json } from '../record/event.ts';
import type { RunOutcome } from '../record/run-state.ts';
import type { RecordLayout } from '../rig/device-schema.ts';
import { DIGEST_LIST_PATH } from './digest-list.ts';
import { jsonText, type JsonText } from './json-text.ts';

export const MANIFEST_PATH = 'manifest.json';
/** As CAPA's `bundle_schema_version` (`spec/capa.md` §1.6): readers of version 2 find their fields here. */
export const BUNDLE_SCHEMA_VERSION = 2;

export interface BuildIdentity {
  readonly version: string;
  readonly buildHash: string;
  readonly gitSha: string;
  readonly gitDirty: boolean | null;
  readonly buildTime: string;
}

export interface BrowserIdentity {
  readonly userAgent: string;
  readonly brands: readonly string[];
  readonly platform: string;
}

/** Head of the hash chain over the events (`design.md` §5). */
export interface ChainHead {
  readonly count: number;
  readonly firstHash: string;
  readonly headHash: string;
}

export interface FinalizeWarning {
  readonly path: string;
  readonly reason: string;
}

/** Everything a manifest says. All of it was recorded before the seal began, but for `sealedBy`. */
export interface ManifestFacts {
  readonly runId: string;
  readonly runUuid: string;
  readonly zero: RunZero;
  readonly startedUtc: string;
  readonly endedUtc: string;
  readonly outcome: RunOutcome;
  readonly operator: { readonly id: string; readonly displayName: string };
  readonly sampleId: string;
  readonly procedure: { readonly id: string; readonly version: string };
  readonly ranBy: BuildIdentity;
  readonly sealedBy: BuildIdentity;
  readonly browser: BrowserIdentity;
  readonly devices: readonly DeviceIdentity[];
  readonly waiver: 'none' | 'arm-now' | 'simulated';
  readonly channelSamples: { readonly path: string; readonly rows: number } | null;
  readonly deviceRecords: readonly {
    readonly adapter: string;
    readonly path: string;
    readonly layout: RecordLayout;
    readonly rows: number;
  }[];
  readonly journal: readonly { readonly path: string; readonly bytes: number; readonly messages: number }[];
  readonly queueHealth: { readonly [key: string]: Json };
  readonly droppedSamples: { readonly [channel: string]: number };
  readonly events: ChainHead;
  readonly warnings: readonly FinalizeWarning[];
  readonly notes: { readonly [key: string]: Json };
}

/**
 * `manifest.json`, written once: it says `sealed` and `ok` because nothing is committed when read-back fails.
 * Fields and words of `spec/capa.md` §1.2; `benchseal`, `sealed_by` and `browser` stand where Python stood.
 */
export function formatManifest(facts: ManifestFacts): string {
  return jsonText({
    run_id: facts.runId,
    bundle_schema_version: BUNDLE_SCHEMA_VERSION,
    started_utc: facts.startedUtc,
    ended_utc: facts.endedUtc,
    started_mono_ns_anchor: monoAnchorNs(facts.zero),
    run_status: facts.outcome.runStatus,
    bundle_status: 'sealed',
    exit_reason: facts.outcome.exitReason,
    operator: { id: facts.operator.id, display_name: facts.operator.displayName },
    sample: { id: facts.sampleId },
    procedure: { id: facts.procedure.id, version: facts.procedure.version },
    domain_profile: null,
    tags: [],
    benchseal: buildBlock(facts.ranBy),
    sealed_by: buildBlock(facts.sealedBy),
    browser: {
      user_agent: facts.browser.userAgent,
      brands: [...facts.browser.brands],
      platform: facts.browser.platform,
    },
    devices: facts.devices.map(deviceBlock),
    arming: { waiver: facts.waiver },
    data_shape: dataShape(facts),
    queue_health: facts.queueHealth,
    dropped_samples: facts.droppedSamples,
    integrity: { status: 'ok', manifest_sha256_path: DIGEST_LIST_PATH, algorithm: 'sha256' },
    events: {
      count: facts.events.count,
      first_hash: facts.events.firstHash,
      head_hash: facts.events.headHash,
    },
    cameras: [],
    recording: null,
    custom: {
      run_uuid: facts.runUuid,
      finalize_warnings: facts.warnings.map(({ path, reason }) => ({ path, reason })),
      ...facts.notes,
    },
  });
}

/** Beyond 2^53, so an exact integer is built from the double (its resolution is 0.25 µs). */
function monoAnchorNs(zero: RunZero): bigint {
  return BigInt(Math.round(zero.hostMs * 1000)) * 1000n;
}

function buildBlock(build: BuildIdentity): JsonText {
  return {
    version: build.version,
    build_hash: build.buildHash,
    git_sha: build.gitSha,
    git_dirty: build.gitDirty,
    build_time: build.buildTime,
  };
}

function deviceBlock(device: DeviceIdentity): JsonText {
  const { name, adapter, manufacturer, model, serial, firmware, port } = device;
  return { name, adapter, manufacturer, model, serial, firmware, port };
}

function dataShape(facts: ManifestFacts): JsonText {
  return {
    channel_samples:
      facts.channelSamples === null
        ? null
        : { path: facts.channelSamples.path, layout: 'normalized_long', rows: facts.channelSamples.rows },
    device_records: facts.deviceRecords.map(({ adapter, path, layout, rows }) => ({
      adapter,
      path,
      layout,
      rows,
    })),
    journal: facts.journal.map(({ path, bytes, messages }) => ({ path, bytes, messages })),
  };
}

import type { BuildIdentity, FinalizeWarning, ManifestFacts } from '../formats/manifest.ts';
import type { DeviceIdentity } from '../record/device-identity.ts';
import { isoUtc } from '../record/clock.ts';
import { portName, type Rig } from '../rig/rig.ts';
import type { Derived } from './derive.ts';
import type { RunContent } from './run-content.ts';
import type { RunEvents } from './run-events.ts';
import { parseBuild, type StoredPlan } from './run-plan.ts';

export const PROCEDURE_ID = 'free_run';

export interface FactSources {
  readonly runId: string;
  readonly plan: StoredPlan;
  readonly content: RunContent;
  readonly events: RunEvents;
  readonly derived: Derived;
  readonly rig: Rig | null;
  readonly sealedBy: BuildIdentity;
  readonly warnings: readonly FinalizeWarning[];
}

/** Everything the manifest says, out of what was recorded. */
export function manifestFacts(sources: FactSources): ManifestFacts {
  const { content, events, derived, rig, plan } = sources;
  const ran = parseBuild(textOf(content.attachments, 'env/build.json'));
  const startedUtc = isoUtc(plan.zero.utcMs);
  return {
    runId: sources.runId,
    runUuid: plan.runUuid,
    zero: plan.zero,
    startedUtc,
    endedUtc: events.endedUtc ?? startedUtc,
    outcome: events.outcome,
    operator: plan.operator,
    sampleId: plan.sampleId,
    procedure: {
      id: plan.session['procedure'] ?? PROCEDURE_ID,
      version: plan.session['procedure_version'] ?? '',
    },
    ranBy: ran.build,
    sealedBy: sources.sealedBy,
    browser: ran.browser,
    devices: deviceIdentities(rig, events, derived),
    waiver: plan.waiver,
    channelSamples: derived.scalars,
    deviceRecords: derived.records,
    journal: content.journal,
    queueHealth: events.queueHealth,
    droppedSamples: events.droppedSamples,
    events: events.chain,
    warnings: [...content.warnings, ...events.warnings, ...derived.warnings, ...sources.warnings],
    notes: {},
  };
}

const UNKNOWN = { manufacturer: '', model: '', serial: '', firmware: '' };

/** The rig's devices with the identity each gave in this run; empty where it never answered. */
export function deviceIdentities(
  rig: Rig | null,
  events: RunEvents,
  derived: Derived,
): readonly DeviceIdentity[] {
  return (rig?.devices ?? []).map(({ name, adapter, port }) => ({
    name,
    adapter,
    ...(events.identities.get(name) ?? derived.identities.get(name) ?? UNKNOWN),
    port: portName(port),
  }));
}

export function textOf(attachments: ReadonlyMap<string, Uint8Array>, path: string): string | undefined {
  const bytes = attachments.get(path);
  return bytes === undefined ? undefined : new TextDecoder().decode(bytes);
}

/** What is fixed before the first event of a run. */
import type { Clock } from '../record/clock.ts';
import type { DeviceIdentity } from '../record/device-identity.ts';
import type { Json } from '../record/event.ts';
import type { Rig } from '../rig/rig.ts';
import { durationProblem, FREE_RUN } from '../procedures/free-run.ts';
import type { DeviceView, OpenRunState, RecorderHealth, RunPlan, StartRequest } from '../wire/messages.ts';
import type { RunFacts } from './run-book.ts';
import { uuid7 } from './uuid7.ts';

/** Texts of the members that describe a run: `config.toml`, `equipment.toml`, `calibration.json`, `env/build.json`. */
export type MemberTexts = (facts: {
  readonly rig: Rig;
  readonly devices: readonly DeviceIdentity[];
  readonly environment: { readonly [key: string]: Json };
}) => { readonly [path: string]: string };

export interface Refusal {
  readonly ok: false;
  readonly code: string;
  readonly detail: string;
}

/** Why this request cannot become a run, or null. */
export function startRefusal(
  request: StartRequest,
  rig: Rig,
  recorder: RecorderHealth | null,
  ready: boolean,
): Refusal | null {
  const refuse = (code: string, detail: string): Refusal => ({ ok: false, code, detail });
  if (request.sampleId.trim() === '') return refuse('sample_id', 'a run needs a sample id');
  if (request.operator.id.trim() === '') return refuse('operator', 'a run needs an operator');
  const duration = durationProblem(request.durationS);
  if (duration !== null) return refuse('duration', duration);
  if (rig.devices.length === 0) return refuse('rig_empty', 'there is no instrument in the rig');
  if (!ready) return refuse('no_recorder', 'the recorder is not ready yet');
  const error = recorder?.error;
  if (error !== null && error !== undefined) return refuse(error.code, error.detail);
  return null;
}

/** Simulated readings are worth nothing after a power cut, so they need not wait for old slots (`design.md` §3.6). */
export function waiverOf(request: StartRequest, rig: Rig): RunPlan['waiver'] {
  if (rig.devices.every(({ port }) => port.transport === 'simulated')) return 'simulated';
  return request.armNow ? 'arm-now' : 'none';
}

export function identitiesOf(devices: readonly DeviceView[]): DeviceIdentity[] {
  return devices.map(({ device, family, resource, identity }) => ({
    name: device,
    adapter: family,
    manufacturer: identity?.manufacturer ?? '',
    model: identity?.model ?? '',
    serial: identity?.serial ?? '',
    firmware: identity?.firmware ?? '',
    port: resource,
  }));
}

export function makePlan(
  request: StartRequest,
  facts: {
    readonly rig: Rig;
    readonly devices: readonly DeviceView[];
    readonly environment: { readonly [key: string]: Json };
    readonly clock: Clock;
    readonly random: Uint8Array;
    readonly members: MemberTexts;
  },
): RunPlan {
  const { rig, clock, environment } = facts;
  const zero = { hostMs: clock.hostMs(), utcMs: clock.utcMs() };
  const runUuid = uuid7(zero.utcMs, facts.random);
  return {
    sampleId: request.sampleId.trim(),
    operator: request.operator,
    runUuid,
    zero,
    members: facts.members({ rig, devices: identitiesOf(facts.devices), environment }),
    waiver: waiverOf(request, rig),
    partBytesMax: rig.storage.partBytesMax,
    partMinutesMax: rig.storage.partMinutesMax,
    session: {
      run_uuid: runUuid,
      sample_id: request.sampleId.trim(),
      operator_id: request.operator.id,
      operator_name: request.operator.displayName,
      procedure: FREE_RUN.id,
      procedure_version: FREE_RUN.version,
      duration_s: request.durationS === null ? '' : String(request.durationS),
      rig: rig.name,
    },
  };
}

/** The facts of a run this conductor did not start, out of the plan the recorder kept. */
export function factsOf({ plan }: OpenRunState): RunFacts {
  const durationS = Number(plan.session['duration_s'] || Number.NaN);
  return {
    zero: plan.zero,
    sampleId: plan.sampleId,
    operatorId: plan.operator.id,
    durationS: Number.isFinite(durationS) ? durationS : null,
  };
}

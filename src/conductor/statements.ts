/** What the conductor itself has to say, in words and numbers. */
import type { Command } from '../record/command.ts';
import { KIND } from '../record/taxonomy.ts';
import type { Statement } from './own-producer.ts';

export function workerRefused(resource: string, what: string, detail: string): Statement {
  return {
    kind: KIND.adapterError,
    severity: 'error',
    message: `${resource} did not ${what}: ${detail}`,
    metadata: { resource_id: resource, error_type: what, detail },
  };
}

/** A command no worker took: its receipt is stated here, since no device can (`spec/capa.md` §2.2, receipt trap). */
export function commandRefused(command: Command, detail: string): Statement {
  const { id, device, kind, payload, issuedBy, why } = command;
  return {
    kind,
    severity: 'warning',
    message: `${kind} refused for ${device}: ${detail}`,
    metadata: { device, command_id: id, accepted: false, detail, asked: payload, issued_by: issuedBy, why },
  };
}

export function ownerChanged(pageId: string): Statement {
  return {
    kind: KIND.ownerChanged,
    severity: 'warning',
    message: 'another page took over the instruments',
    metadata: { page_id: pageId },
  };
}

export function hostSuspended(lagMs: number): Statement {
  const wallS = lagMs / 1000;
  return {
    kind: KIND.hostSuspended,
    severity: 'warning',
    message: `host or browser stood still for ${wallS.toFixed(1)} s`,
    metadata: { wall_s: wallS },
  };
}

export function clockStepped(stepMs: number): Statement {
  const stepS = stepMs / 1000;
  return {
    kind: KIND.clockStep,
    severity: 'warning',
    message: `the wall clock moved by ${stepS.toFixed(3)} s; recorded times are not affected`,
    metadata: { step_s: stepS },
  };
}

export function conductorBroken(detail: string): Statement {
  return { kind: 'conductor.broken', severity: 'error', message: detail };
}

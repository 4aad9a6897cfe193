import type { BundleSummary } from '../../../src/bundle/types.ts';
import type { ShownEvent } from '../../../src/wire/messages.ts';
import type { Rig } from '../../../src/rig/rig.ts';
import type { ConductorHealth, DeviceView } from '../../../src/wire/messages.ts';

/** Made-up facts for the screens, in the shapes of the contracts. */
export const EMPTY_RIG: Rig = {
  name: '',
  devices: [],
  channels: [],
  storage: { partBytesMax: 5e8, partMinutesMax: 60 },
};

const channel = (
  name: string,
  device: string,
  unit: string,
  plotGroup: string,
  kind: Rig['channels'][number]['kind'],
) => ({
  name,
  kind,
  unit,
  source: { device, field: name },
  calibration: { kind: 'identity' as const },
  keepRaw: true,
  plotGroup,
  decimateToHz: 60,
});

export function sceneRig(simulated: boolean): Rig {
  const port = (index: number) =>
    simulated
      ? { transport: 'simulated' as const }
      : { transport: 'web-serial' as const, usbVendorId: 0x0403, usbProductId: 0x6001, index };
  return {
    ...EMPTY_RIG,
    name: simulated ? 'simulated' : 'bench-2',
    devices: [
      { name: 'heater', adapter: 'watlow', port: port(0), params: { rate_hz: 5 }, onFailure: 'warn' },
      { name: 'purge_mfc', adapter: 'alicat', port: port(1), params: { rate_hz: 10 }, onFailure: 'warn' },
    ],
    channels: [
      channel('heater.pv', 'heater', '°C', 'temperatures', 'process_var'),
      channel('heater.setpoint', 'heater', '°C', 'temperatures', 'setpoint'),
      channel('balance.mass', 'heater', 'g', 'mass', 'mass'),
      channel('purge.flow', 'purge_mfc', 'slpm', 'flows', 'mfc_flow'),
    ],
  };
}

/** As many channels and plots as the simulated rig of the app. */
export function wideRig(simulated: boolean): Rig {
  const rig = sceneRig(simulated);
  return {
    ...rig,
    channels: [
      ...rig.channels,
      channel('heater.power', 'heater', '%', 'power', 'analog_in'),
      channel('purge.setpoint', 'purge_mfc', 'slpm', 'flows', 'setpoint'),
      channel('purge.pressure', 'purge_mfc', 'psia', 'pressures', 'pressure'),
    ],
  };
}

export function sceneDevice(device: string, patch: Partial<DeviceView>): DeviceView {
  const heater = device === 'heater';
  return {
    device,
    family: heater ? 'watlow' : 'alicat',
    resource: 'simulated',
    phase: 'polling',
    health: 'ok',
    detail: '',
    identity: {
      manufacturer: heater ? 'Watlow' : 'Alicat',
      model: heater ? 'PM6C1CA' : 'MC-5SLPM-D',
      serial: heater ? '004711' : '129001',
      firmware: heater ? '13.0' : '10v05.0-R24',
    },
    rateHz: heater ? 5 : 10,
    lastSampleHostMs: null,
    polls: 0,
    failures: {},
    skipped: {},
    bridge: sceneBridge(),
    unackedBytes: 0,
    ...patch,
  };
}

function sceneBridge() {
  return {
    capacity: 64,
    depth: 1,
    depthMax: 7,
    enqueued: 100,
    delivered: 99,
    dropped: 0,
    blockedTotalMs: 0,
    blockedSinceMs: -1,
  };
}

export function sceneHealth(armInS: number, blockedMs: number): ConductorHealth {
  return {
    loopLagP50Ms: 1,
    loopLagP99Ms: 8,
    loopLagMaxMs: 20,
    worstBlockedMs: blockedMs,
    queueDepth: 1,
    queueDepthMax: 47,
    uiEvictions: 0,
    mirrorDropped: 0,
    retainedBytes: 1000,
    bridgeToRecorder: sceneBridge(),
    recorder: {
      slotsAged: armInS > 0 ? 0 : 8,
      slotsYoung: armInS > 0 ? 8 : 0,
      armInS,
      slotBytes: 1.1e9,
      lastCommitHostMs: null,
      lastFlushHostMs: null,
      eventsRecorded: 5,
      dataRecorded: 100,
      journalBytes: 1e6,
      part: null,
      queueDepth: 0,
      error: null,
    },
  };
}

export function sceneEvent(id: number, atS: number, kind: string, message: string): ShownEvent {
  return {
    scope: 'run',
    id,
    tMonoNs: Math.round(atS * 1e9),
    tUtc: '2026-05-06T12:00:00.000000Z',
    kind,
    severity: kind === 'device.lost' ? 'error' : kind === 'device.late' ? 'warning' : 'info',
    source: kind.startsWith('device')
      ? 'alicat:purge_mfc'
      : kind === 'operator.note'
        ? 'operator'
        : 'conductor',
    message,
    metadataJson: null,
  };
}

export function sceneBundle(index: number, patch: Partial<BundleSummary>): BundleSummary {
  return {
    run_id: `2026-05-0${index}_120000_PMMA-01${index}`,
    started_utc: `2026-05-0${index}T12:00:00.000000Z`,
    ended_utc: `2026-05-0${index}T12:42:10.000000Z`,
    operator_id: 'k.meyer',
    sample_id: `PMMA-01${index}`,
    procedure: 'free_run',
    run_status: 'completed',
    bundle_status: 'sealed',
    integrity_status: 'ok',
    schema_version: 2,
    root_digest: 'c0ffee'.repeat(10).slice(0, 60) + '0000',
    bytes: 48_213_004 * index,
    exit_reason: 'procedure_complete',
    tags_json: '[]',
    summary_json: '{}',
    ...patch,
  };
}

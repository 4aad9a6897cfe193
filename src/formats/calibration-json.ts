import type { Calibration, Rig } from '../rig/rig.ts';
import { jsonText, type JsonText } from './json-text.ts';

/**
 * `calibration.json`: the curve of every channel as it was applied. (CAPA stored a name and a revision only:
 * `spec/capa.md` §1.1.)
 */
export function formatCalibrations(rig: Rig): string {
  return jsonText({
    name: rig.name,
    revision: 1,
    channels: rig.channels.map((channel) => ({
      channel: channel.name,
      unit: channel.unit,
      device: channel.source.device,
      field: channel.source.field,
      instance: channel.source.instance,
      calibration: curve(channel.calibration),
    })),
  });
}

function curve(calibration: Calibration): JsonText {
  switch (calibration.kind) {
    case 'identity':
      return { kind: 'identity' };
    case 'linear_two_point':
      return {
        kind: 'linear_two_point',
        ref_low: { raw: calibration.refLowRaw, value: calibration.refLowValue },
        ref_high: { raw: calibration.refHighRaw, value: calibration.refHighValue },
      };
    case 'polynomial':
      return { kind: 'polynomial', coefficients: [...calibration.coefficients] };
  }
}

import type { RigDeclaration, RigDeclarations } from '../../../src/rig/declaration.ts';
import type { DeviceSchema } from '../../../src/rig/device-schema.ts';
import type { FieldSpec } from '../../../src/rig/channel-source.ts';
import type { Json } from '../../../src/record/event.ts';

const field = (name: string, unit: string | null): FieldSpec => ({
  field: name,
  title: name,
  unit,
  channelKind: 'process_var',
  plotGroup: 'other',
  offered: true,
});

/** A family as small as the rig loader needs: one °F field, one whose unit the device says, free extra params. */
export const OVEN: RigDeclaration & DeviceSchema = {
  id: 'oven',
  layout: 'wide_row',
  columns: [
    { name: 'heat', type: 'float' },
    { name: 'count', type: 'int' },
    { name: 'open', type: 'bool' },
    { name: 'word', type: 'string' },
    { name: 'flow', type: 'float' },
  ],
  fields: [
    field('heat', '°F'),
    field('count', ''),
    field('open', ''),
    field('word', ''),
    field('flow', null),
  ],
  commands: [{ kind: 'set_setpoint' }],
  parseParams: (raw, path) => {
    const rate = raw['rate_hz'] ?? 1;
    if (typeof rate !== 'number' || !(rate > 0))
      return {
        ok: false,
        problems: [
          {
            severity: 'error',
            code: 'schema.value',
            path: `${path}.rate_hz`,
            message: 'rate_hz is not usable',
            expected: 'above 0',
            actual: JSON.stringify(rate) ?? '',
          },
        ],
      };
    return { ok: true, params: { ...(raw as { [key: string]: Json }), rate_hz: rate } };
  },
  lineOf: (params) => ({
    baudRate: typeof params['baud'] === 'number' ? params['baud'] : 9600,
    dataBits: 8,
    parity: 'none',
    stopBits: 1,
    flowControl: 'none',
  }),
  readField: (columns, source) => {
    const raw = columns[source.field];
    if (raw === undefined) return null;
    const unit = columns[`${source.field}_unit`];
    const status = columns[`${source.field}_status`];
    return {
      raw,
      unit: typeof unit === 'string' ? unit : null,
      status: typeof status === 'string' ? status : 'ok',
    };
  },
};

export const DECLARATIONS: RigDeclarations = new Map([[OVEN.id, OVEN]]);

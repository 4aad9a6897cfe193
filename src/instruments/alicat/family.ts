import type { Cell } from '../../record/item.ts';
import type { ColumnSpec, FieldReading } from '../../rig/device-schema.ts';
import type { ChannelSource, CommandSpec, FamilyDeclaration, FieldSpec, LineSettings } from '../family.ts';
import { numberParam, readParams, type ParamRules, type Params } from '../params.ts';

/** Columns that hold a number, each with `<column>_unit` beside it: the device says its units, per field. */
const NUMBERS: readonly string[] = [
  'Mass_Flow',
  'Volumetric_Flow',
  'Abs_Press',
  'Gauge_Press',
  'Baro_Press',
  'Temperature',
  'Mass_Flow_Setpt',
];

const COLUMNS: readonly ColumnSpec[] = [
  { name: 'unit_id', type: 'string' },
  ...NUMBERS.flatMap((name): ColumnSpec[] => [
    { name, type: 'float' },
    { name: `${name}_unit`, type: 'string' },
  ]),
  { name: 'Mix_Gas', type: 'string' },
  { name: 'status', type: 'string' },
];

const FIELDS: readonly FieldSpec[] = [
  field('Mass_Flow', 'Mass flow', 'mfc_flow', 'flow', true),
  field('Mass_Flow_Setpt', 'Mass flow setpoint', 'setpoint', 'flow', true),
  field('Abs_Press', 'Absolute pressure', 'pressure', 'pressure', true),
  field('Temperature', 'Gas temperature', 'process_var', 'gas temperature', true),
  field('Volumetric_Flow', 'Volumetric flow', 'mfc_flow', 'flow', false),
  field('Gauge_Press', 'Gauge pressure', 'pressure', 'pressure', false),
  field('Baro_Press', 'Barometric pressure', 'pressure', 'pressure', false),
];

function field(
  name: string,
  title: string,
  channelKind: FieldSpec['channelKind'],
  plotGroup: string,
  offered: boolean,
): FieldSpec {
  return { field: name, title, unit: null, channelKind, plotGroup, offered };
}

const COMMANDS: readonly CommandSpec[] = [
  {
    kind: 'set_setpoint',
    title: 'Set flow setpoint',
    // In the device's own setpoint unit; the adapter also checks against the full scale the device tells.
    arguments: [
      {
        name: 'value',
        title: 'Setpoint',
        type: 'number',
        unitField: 'Mass_Flow_Setpt',
        min: 0,
        max: 1_000_000,
      },
    ],
    confirm: 'none',
  },
  {
    kind: 'set_gas',
    title: 'Set gas',
    arguments: [
      { name: 'gas', title: 'Gas (name or number)', type: 'string' },
      { name: 'save', title: 'Keep after power-off', type: 'bool' },
    ],
    // It changes the calibration table, and `save` wears the EEPROM.
    confirm: 'modal',
  },
  { kind: 'tare', title: 'Tare flow (no gas flowing)', arguments: [], confirm: 'none' },
  { kind: 'hold_valves', title: 'Hold valves', arguments: [], confirm: 'none' },
  { kind: 'cancel_valve_hold', title: 'Release valves', arguments: [], confirm: 'none' },
];

const RULES: ParamRules = {
  unit_id: { kind: 'text', default: 'A', pattern: /^[A-Z]$/, expected: 'one letter A to Z' },
  baud: { kind: 'choice', default: 19200, of: [2400, 9600, 19200, 38400, 57600, 115200] },
  timeout_s: { kind: 'number', default: 0.5, above: 0, max: 5 },
  rate_hz: { kind: 'number', default: 2, above: 0, max: 50 },
};

function line(baudRate: number): LineSettings {
  return { baudRate, dataBits: 8, parity: 'none', stopBits: 1, flowControl: 'none' };
}

/** Status words that say something of one field (`spec/protocols.md` §5.3). */
const OVER: { readonly [word: string]: readonly string[] } = {
  MOV: ['Mass_Flow'],
  VOV: ['Volumetric_Flow'],
  POV: ['Abs_Press', 'Gauge_Press'],
  OPL: ['Abs_Press', 'Gauge_Press'],
  TOV: ['Temperature'],
};

function statusOf(words: readonly string[], name: string): string {
  if (words.includes('ADC')) return 'sensor_fail';
  if (words.some((word) => OVER[word]?.includes(name))) return 'overload';
  // The valves do not follow the setpoint while they are held.
  return words.includes('HLD') && name === 'Mass_Flow_Setpt' ? 'hold' : 'ok';
}

/** A field of the frame in the unit the device labels it with. A field the device does not have reads null. */
function readField(columns: { readonly [column: string]: Cell }, source: ChannelSource): FieldReading | null {
  if (source.field !== 'Mix_Gas' && !NUMBERS.includes(source.field)) return null;
  const raw = columns[source.field];
  if (raw === undefined) return null;
  const unit = columns[`${source.field}_unit`];
  const words = String(columns['status'] ?? '').split(' ');
  const status = raw === null ? 'source_invalid' : statusOf(words, source.field);
  return { raw: status === 'sensor_fail' ? null : raw, unit: typeof unit === 'string' ? unit : null, status };
}

/** Alicat mass-flow meters and controllers, ASCII (`spec/protocols.md` §5, `spec/capa.md` §6.2). */
export const ALICAT: FamilyDeclaration = {
  id: 'alicat',
  title: 'Alicat mass-flow controller or meter',
  layout: 'wide_row',
  columns: COLUMNS,
  fields: FIELDS,
  commands: COMMANDS,
  lines: [line(19200), line(115200)],
  // Listen, two tries of a poll, and a stream to stop.
  identifyTimeoutMs: 6000,
  // A `??D*` table without its usual last row holds the wire this long; a poll 0.5 s.
  frameLimitMs: 1600,
  readField,
  parseParams: (raw, path) => readParams(RULES, raw, path),
  lineOf: (params: Params) => line(numberParam(params, 'baud')),
};

import type { Cell } from '../../record/item.ts';
import type { ColumnSpec, FieldReading } from '../../rig/device-schema.ts';
import type { ChannelSource, CommandSpec, FamilyDeclaration, FieldSpec, LineSettings } from '../family.ts';
import { numberParam, readParams, type ParamRules, type Params } from '../params.ts';
import { POLLABLE, SETPOINT_C } from './parameters.ts';

/** One row per parameter and instance; `value` is what was on the wire, in `unit`. */
const COLUMNS: readonly ColumnSpec[] = [
  { name: 'address', type: 'int' },
  { name: 'protocol', type: 'string' },
  { name: 'parameter', type: 'string' },
  { name: 'parameter_id', type: 'int' },
  { name: 'instance', type: 'int' },
  { name: 'value', type: 'float' },
  { name: 'value_text', type: 'string' },
  { name: 'unit', type: 'string' },
  { name: 'status', type: 'string' },
];

/**
 * Units are those a channel gets by default. The wire speaks °F (param `wire_temperature_unit`): a reading says so, and
 * the rig's calibration converts it to the unit of the channel, so raw values stay what the instrument said.
 */
const FIELDS: readonly FieldSpec[] = [
  field('process_value', 'Temperature', '°C', 'process_var', 'temperature', true),
  field('setpoint', 'Temperature setpoint', '°C', 'setpoint', 'temperature', true),
  field('output_power', 'Output power', '%', 'analog_in', 'power', true),
  field('heat_power', 'Heat power', '%', 'analog_in', 'power', false),
  field('cool_power', 'Cool power', '%', 'analog_in', 'power', false),
  field('control_process_value', 'Temperature used by the loop', '°C', 'process_var', 'temperature', false),
  field('alarm_high', 'High alarm setpoint', '°C', 'setpoint', 'temperature', false),
  field('alarm_low', 'Low alarm setpoint', '°C', 'setpoint', 'temperature', false),
];

function field(
  name: string,
  title: string,
  unit: string,
  channelKind: FieldSpec['channelKind'],
  plotGroup: string,
  offered: boolean,
): FieldSpec {
  return { field: name, title, unit, channelKind, plotGroup, offered };
}

const INSTANCE = { name: 'instance', title: 'Loop', type: 'number', min: 1, max: 4, default: 1 } as const;

const COMMANDS: readonly CommandSpec[] = [
  {
    kind: 'set_setpoint',
    title: 'Set temperature setpoint',
    arguments: [{ name: 'value', title: 'Setpoint', type: 'number', unit: '°C', ...SETPOINT_C }, INSTANCE],
    confirm: 'none',
  },
  {
    kind: 'write_parameter',
    title: 'Write parameter',
    arguments: [
      { name: 'name', title: 'Parameter', type: 'string' },
      // °C for temperatures; everything else as the device has it.
      { name: 'value', title: 'Value', type: 'number' },
      INSTANCE,
    ],
    confirm: 'modal',
  },
];

const RULES: ParamRules = {
  address: { kind: 'int', default: 1, min: 1, max: 16 },
  baud: { kind: 'choice', default: 38400, of: [9600, 19200, 38400] },
  parameters: { kind: 'choices', default: ['process_value', 'setpoint', 'output_power'], of: POLLABLE },
  instances: { kind: 'ints', default: [1], min: 1, max: 4, countMax: 4 },
  timeout_s: { kind: 'number', default: 1, above: 0, max: 5 },
  rate_hz: { kind: 'number', default: 1, above: 0, max: 100 },
  wire_temperature_unit: { kind: 'choice', default: 'F', of: ['F', 'C'] },
  safe_setpoint_c: { kind: 'number', default: 25, min: -200, max: 100 },
};

function line(baudRate: number): LineSettings {
  return { baudRate, dataBits: 8, parity: 'none', stopBits: 1, flowControl: 'none' };
}

/** The value of one parameter and loop, in the unit of the wire; null raw with its reason when there is none. */
function readField(columns: { readonly [column: string]: Cell }, source: ChannelSource): FieldReading | null {
  if (columns['parameter'] !== source.field || columns['instance'] !== (source.instance ?? 1)) return null;
  const { value, value_text: text, unit, status } = columns;
  const word = typeof status === 'string' ? status : 'unknown';
  const usable = typeof value === 'number' && Number.isFinite(value);
  if (word !== 'ok') return { raw: null, unit: null, status: word };
  if (!usable) return { raw: text ?? null, unit: null, status: text === null ? 'source_invalid' : 'ok' };
  return { raw: value, unit: typeof unit === 'string' ? unit : null, status: 'ok' };
}

/** Watlow EZ-ZONE PM over Standard Bus (`spec/protocols.md` §2, `spec/capa.md` §6.1). */
export const WATLOW: FamilyDeclaration = {
  id: 'watlow',
  title: 'Watlow EZ-ZONE temperature controller',
  layout: 'long_row',
  columns: COLUMNS,
  fields: FIELDS,
  commands: COMMANDS,
  lines: [line(38400), line(19200), line(9600)],
  identifyTimeoutMs: 10_000,
  frameLimitMs: 1100,
  readField,
  parseParams: (raw, path) => readParams(RULES, raw, path),
  lineOf: (params: Params) => line(numberParam(params, 'baud')),
};

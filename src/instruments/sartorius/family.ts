import type { Cell } from '../../record/item.ts';
import type { ColumnSpec, FieldReading } from '../../rig/device-schema.ts';
import type { ChannelSource, CommandSpec, FamilyDeclaration, FieldSpec, LineSettings } from '../family.ts';
import { numberParam, readParams, textParam, type ParamRules, type Params } from '../params.ts';

const COLUMNS: readonly ColumnSpec[] = [
  { name: 'value', type: 'float' },
  { name: 'unit', type: 'string' },
  { name: 'sign', type: 'string' },
  { name: 'stable', type: 'bool' },
  { name: 'overload', type: 'bool' },
  { name: 'underload', type: 'bool' },
  { name: 'decimals', type: 'int' },
  { name: 'protocol', type: 'string' },
  { name: 'raw', type: 'string' },
  { name: 'error_type', type: 'string' },
  { name: 'error_message', type: 'string' },
];

const FIELDS: readonly FieldSpec[] = [
  { field: 'value', title: 'Mass', unit: 'g', channelKind: 'mass', plotGroup: 'mass', offered: true },
  {
    field: 'stable',
    title: 'Stable (1) or not (0)',
    unit: '',
    channelKind: 'analog_in',
    plotGroup: 'stability',
    offered: false,
  },
];

const COMMANDS: readonly CommandSpec[] = [
  { kind: 'tare', title: 'Tare', arguments: [], confirm: 'none' },
  { kind: 'zero', title: 'Zero', arguments: [], confirm: 'none' },
];

const RULES: ParamRules = {
  protocol: { kind: 'choice', default: 'sbi', of: ['sbi'] },
  baud: { kind: 'choice', default: 9600, of: [600, 1200, 2400, 4800, 9600, 19200, 38400, 57600] },
  data_bits: { kind: 'choice', default: 8, of: [7, 8] },
  parity: { kind: 'choice', default: 'odd', of: ['none', 'even', 'odd'] },
  stop_bits: { kind: 'choice', default: 1, of: [1, 2] },
  unit: { kind: 'choice', default: 'g', of: ['g', 'kg', 'mg'] },
  timeout_s: { kind: 'number', default: 1, above: 0, max: 5 },
  rate_hz: { kind: 'number', default: 2, above: 0, max: 50 },
};

function line(
  baudRate: number,
  dataBits: 7 | 8,
  parity: LineSettings['parity'],
  stopBits: 1 | 2 = 1,
): LineSettings {
  return { baudRate, dataBits, parity, stopBits, flowControl: 'none' };
}

/** `value` in the unit printed, or `stable` as 1 or 0; a failed poll has a row and no reading. */
function readField(columns: { readonly [column: string]: Cell }, source: ChannelSource): FieldReading | null {
  if (source.field !== 'value' && source.field !== 'stable') return null;
  const { value, unit, stable, overload, underload, error_type: error } = columns;
  const fault = error === 'device' ? 'source_invalid' : null;
  if (typeof error === 'string' && fault === null) return null;
  if (source.field === 'stable') return { raw: stable === true, unit: null, status: fault ?? 'ok' };
  const status =
    fault ??
    (overload === true
      ? 'overload'
      : underload === true
        ? 'underrange'
        : stable === true
          ? 'ok'
          : 'settling');
  if (typeof value !== 'number') {
    return { raw: null, unit: null, status: status === 'settling' ? 'calibrating' : status };
  }
  return { raw: value, unit: typeof unit === 'string' ? unit : null, status };
}

/**
 * Sartorius balances in SBI mode, text (`spec/protocols.md` §6, `spec/capa.md` §6.3). The binary xBPI mode of the same
 * balances is not spoken yet: a balance set to it does not answer here.
 */
export const SARTORIUS: FamilyDeclaration = {
  id: 'sartorius',
  title: 'Sartorius balance (SBI)',
  layout: 'single_value_row',
  columns: COLUMNS,
  fields: FIELDS,
  commands: COMMANDS,
  // No default across models: BCE, MSE, a rig's setting, WZA as shipped.
  lines: [line(9600, 8, 'odd'), line(19200, 8, 'odd'), line(57600, 8, 'odd'), line(1200, 7, 'odd')],
  identifyTimeoutMs: 6000,
  frameLimitMs: 1100,
  readField,
  parseParams: (raw, path) => readParams(RULES, raw, path),
  lineOf: (params: Params) =>
    line(
      numberParam(params, 'baud'),
      numberParam(params, 'data_bits') === 7 ? 7 : 8,
      parityOf(textParam(params, 'parity')),
      numberParam(params, 'stop_bits') === 2 ? 2 : 1,
    ),
};

function parityOf(text: string): LineSettings['parity'] {
  return text === 'none' || text === 'even' ? text : 'odd';
}

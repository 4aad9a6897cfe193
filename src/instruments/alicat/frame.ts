/** Layout of a data frame as the device declares it (`??D*`), and frames read by it (`spec/protocols.md` §5.3). */
import type { Scanner } from '../adapter.ts';
import { addressed, lineScanner, number, type LineVerdict } from './codec.ts';

export interface FrameField {
  /** Declared column of the device record; null = unknown here, kept under `name`. */
  readonly column: string | null;
  readonly name: string;
  readonly type: 'number' | 'text';
  /** As the device labels it, degrees spelled `°C`; null = none. */
  readonly unit: string | null;
  /** Highest value, where the (older) table tells it. */
  readonly max: number | null;
}

export interface FrameLayout {
  /** Always present, in this order, after the unit id. */
  readonly required: readonly FrameField[];
  /** Present only when true; status flags are not among them. */
  readonly optional: readonly FrameField[];
}

export interface Frame {
  readonly values: ReadonlyMap<FrameField, number | string | null>;
  readonly status: readonly string[];
}

const COLUMN_OF_STATISTIC: { readonly [statistic: string]: string } = {
  '002': 'Abs_Press',
  '003': 'Temperature',
  '004': 'Volumetric_Flow',
  '005': 'Mass_Flow',
  '015': 'Baro_Press',
  '037': 'Mass_Flow_Setpt',
  '703': 'Mix_Gas',
};
/** Older tables have no statistic numbers: names decide. */
const COLUMN_OF_NAME: { readonly [name: string]: string } = {
  'abs press': 'Abs_Press',
  pressure: 'Abs_Press',
  'gauge press': 'Gauge_Press',
  'flow temp': 'Temperature',
  temperature: 'Temperature',
  'volu flow': 'Volumetric_Flow',
  volumetric: 'Volumetric_Flow',
  'mass flow': 'Mass_Flow',
  mass: 'Mass_Flow',
  'mass flow setpt': 'Mass_Flow_Setpt',
  setpoint: 'Mass_Flow_Setpt',
  gas: 'Mix_Gas',
};
const UNIT_ID = '700';
const FLAGS: readonly string[] = ['701', '702'];

/**
 * Reads a `??D*` table; the header, not the firmware number, tells which of the two forms it is. Columns sit where the
 * header's underlined words sit. Null when there is no header or no field.
 */
export function layoutFromTable(lines: readonly string[]): FrameLayout | null {
  const header = lines.find((line) => /\bD00\b/.test(line));
  if (header === undefined) return null;
  const newer = /\bID_/.test(header);
  const required: FrameField[] = [];
  const optional: FrameField[] = [];
  for (const line of lines) {
    if (line === header || !/^[A-Z] +D\d\d /.test(line)) continue;
    const row = newer ? newerRow(header, line) : olderRow(header, line);
    if (row === null) continue;
    (row.optional ? optional : required).push(row.field);
  }
  return required.length > 0 ? { required, optional } : null;
}

interface TableRow {
  readonly field: FrameField;
  readonly optional: boolean;
}

function newerRow(header: string, line: string): TableRow | null {
  const statistic = cell(header, line, 'ID_');
  const label = cell(header, line, 'NAME');
  if (statistic === UNIT_ID || FLAGS.includes(statistic) || label === '') return null;
  const name = label.replace(/^\*/, '');
  // NOTES of a number: `010 02 PSIA` = unit code, a second code, label.
  const unit = unitLabel(/^\d+ \d+ (.+)$/.exec(cell(header, line, 'NOTES'))?.[1] ?? '');
  const type = cell(header, line, 'TYPE').includes('decimal') ? 'number' : 'text';
  const column = COLUMN_OF_STATISTIC[statistic] ?? COLUMN_OF_NAME[name.toLowerCase()] ?? null;
  return { field: { column, name, type, unit, max: null }, optional: label.startsWith('*') };
}

function olderRow(header: string, line: string): TableRow | null {
  const name = cell(header, line, 'NAME');
  // Error and Status rows list the possible words, one per row; nothing else is optional here.
  if (name === '' || /^(?:Unit ID|Error|Status)$/.test(name)) return null;
  const type = cell(header, line, 'TYPE') === 'signed' ? 'number' : 'text';
  const max = type === 'number' ? (number(cell(header, line, 'MaxVal')) ?? null) : null;
  const unit = unitLabel(cell(header, line, 'UNITS'));
  const column = COLUMN_OF_NAME[name.toLowerCase()] ?? null;
  return { field: { column, name, type, unit, max }, optional: false };
}

function cell(header: string, line: string, title: string): string {
  const start = header.indexOf(title);
  if (start < 0) return '';
  const next = header.indexOf(' ', start);
  const last = title === 'NOTES' || title === 'UNITS' || next < 0;
  return line.slice(start, last ? undefined : next).trim();
}

function unitLabel(label: string): string | null {
  if (label === '' || label === 'na') return null;
  return /^`?[CF]$/.test(label) ? `°${label.slice(-1)}` : label;
}

/**
 * Layout of the standard mass-flow frames by the count of leading numbers: 5 = controller, 4 = meter. For firmware that
 * does not answer `??D*`; units stay unknown. Null for anything else: guessing would be a wrong value.
 */
export function standardLayout(line: string): FrameLayout | null {
  const tokens = line.trim().split(/ +/).slice(1);
  const text = tokens.findIndex((token) => number(token) === undefined);
  const numbers = ['Abs_Press', 'Temperature', 'Volumetric_Flow', 'Mass_Flow', 'Mass_Flow_Setpt'];
  if (text !== 4 && text !== 5) return null;
  const fields = numbers.slice(0, text).map((column): FrameField => plainField(column, 'number'));
  return { required: [...fields, plainField('Mix_Gas', 'text')], optional: [] };
}

function plainField(column: string, type: 'number' | 'text'): FrameField {
  return { column, name: column, type, unit: null, max: null };
}

/** Scans for the reply to a poll (or to any command that answers with a data frame). */
export function frameScanner(request: string, unitId: string, layout: FrameLayout): Scanner<Frame> {
  return lineScanner(
    request,
    addressed(unitId, (rest) => readFrame(rest, layout)),
  );
}

/** Tokens after the id: required fields from the left; what is left over is status words or optional fields. */
export function readFrame(rest: string, layout: FrameLayout): LineVerdict<Frame> {
  const tokens = rest.split(/ +/).filter((token) => token !== '');
  if (tokens.length < layout.required.length) {
    return malformed(`expected at least ${layout.required.length} fields, got ${tokens.length}`);
  }
  const values = new Map<FrameField, number | string | null>();
  for (const [index, field] of layout.required.entries()) {
    const value = read(field, tokens[index] ?? '');
    if (value === undefined)
      return malformed(`field ${field.name}: "${tokens[index]}" is not a ${field.type}`);
    values.set(field, value);
  }
  const status: string[] = [];
  const optionalNumbers = layout.optional.filter((field) => field.type === 'number');
  for (const token of tokens.slice(layout.required.length)) {
    const value = number(token);
    if (value === undefined) {
      status.push(token);
      continue;
    }
    // A number nobody declared means two lines ran together, or a layout that is not this device's.
    const field = optionalNumbers.shift();
    if (field === undefined) return malformed(`unexpected number "${token}" behind the frame`);
    values.set(field, value);
  }
  return { type: 'value', value: { values, status } };
}

function read(field: FrameField, token: string): number | string | null | undefined {
  const value = number(token);
  if (field.type === 'number' || value === null) return value;
  return value === undefined ? token : undefined;
}

function malformed(detail: string): LineVerdict<Frame> {
  return { type: 'bad', code: 'malformed', detail };
}

/** Units a rig may speak, with dimension check and conversion. Small on purpose: what the families here measure. */

type Dimension =
  | 'temperature'
  | 'mass'
  | 'standard_flow'
  | 'volume_flow'
  | 'pressure'
  | 'gauge_pressure'
  | 'ratio'
  | 'time'
  | 'voltage'
  | 'current'
  | 'power';

interface Unit {
  readonly dimension: Dimension;
  /** base = raw × scale + offset */
  readonly scale: number;
  readonly offset: number;
}

/** Kelvin per degree Fahrenheit. */
const F_SCALE = 5 / 9;
/** Pascal per pound-force per square inch (exact from lb, in and g_n). */
const PSI_PA = 6894.757293168361;

const unit = (dimension: Dimension, scale: number, offset = 0): Unit => ({ dimension, scale, offset });

/** Canonical spelling → unit. Standard flow has its own dimension: it is mass flow, not litres of what passes. */
const UNITS: ReadonlyMap<string, Unit> = new Map([
  ['K', unit('temperature', 1)],
  ['°C', unit('temperature', 1, 273.15)],
  ['°F', unit('temperature', F_SCALE, 459.67 * F_SCALE)],
  ['g', unit('mass', 1)],
  ['mg', unit('mass', 1e-3)],
  ['kg', unit('mass', 1e3)],
  ['SLPM', unit('standard_flow', 1)],
  ['SCCM', unit('standard_flow', 1e-3)],
  ['LPM', unit('volume_flow', 1)],
  ['CCM', unit('volume_flow', 1e-3)],
  ['Pa', unit('pressure', 1)],
  ['kPa', unit('pressure', 1e3)],
  ['bar', unit('pressure', 1e5)],
  ['mbar', unit('pressure', 1e2)],
  ['psia', unit('pressure', PSI_PA)],
  ['psig', unit('gauge_pressure', PSI_PA)],
  ['%', unit('ratio', 1)],
  ['s', unit('time', 1)],
  ['ms', unit('time', 1e-3)],
  ['min', unit('time', 60)],
  ['h', unit('time', 3600)],
  ['V', unit('voltage', 1)],
  ['mV', unit('voltage', 1e-3)],
  ['A', unit('current', 1)],
  ['mA', unit('current', 1e-3)],
  ['W', unit('power', 1)],
  ['kW', unit('power', 1e3)],
]);

/** Other spellings seen on instruments and in rigs (`spec/protocols.md` §5.2: `PSIA`, `SCCM`, `` `C ``). */
const ALIASES: ReadonlyMap<string, string> = new Map([
  ['C', '°C'],
  ['degC', '°C'],
  ['`C', '°C'],
  ['F', '°F'],
  ['degF', '°F'],
  ['`F', '°F'],
  ['psi', 'psia'],
  ['psi(a)', 'psia'],
  ['PSI(A)', 'psia'],
  ['PSI', 'psia'],
  ['PSIA', 'psia'],
  ['PSI(G)', 'psig'],
  ['PSIG', 'psig'],
  ['slpm', 'SLPM'],
  ['sccm', 'SCCM'],
  ['SmL/m', 'SCCM'],
  ['lpm', 'LPM'],
  ['ccm', 'CCM'],
  ['percent', '%'],
]);

/** The spelling used inside, or null for a unit this table does not know. */
export function canonicalUnit(text: string): string | null {
  if (UNITS.has(text)) return text;
  return ALIASES.get(text) ?? null;
}

/** Equal text is always convertible, also when the unit is unknown here. */
export function convertible(from: string, to: string): boolean {
  return converter(from, to) !== null;
}

/** A function from a value in `from` to the same quantity in `to`; null when dimensions differ or are unknown. */
export function converter(from: string, to: string): ((value: number) => number) | null {
  if (from === to) return (value) => value;
  const source = UNITS.get(canonicalUnit(from) ?? '');
  const target = UNITS.get(canonicalUnit(to) ?? '');
  if (source === undefined || target === undefined || source.dimension !== target.dimension) return null;
  if (source === target) return (value) => value;
  return (value) => (value * source.scale + source.offset - target.offset) / target.scale;
}

export function knownUnits(): readonly string[] {
  return [...UNITS.keys()];
}

/** JSON values as TOML: inline, one key a line, in the order given. `null` has no TOML form: its key is left out. */
import type { Json } from '../record/event.ts';

const BARE_KEY = /^[A-Za-z0-9_-]+$/;

export function tomlTable(header: string | null, table: { readonly [key: string]: Json }): string {
  const lines = Object.entries(table).flatMap(([key, value]) =>
    value === null ? [] : [`${tomlKey(key)} = ${tomlValue(value)}`],
  );
  return [...(header === null ? [] : [header]), ...lines].join('\n');
}

export function tomlValue(value: Exclude<Json, null>): string {
  if (typeof value === 'string') return quoted(value);
  if (typeof value === 'number') return numberText(value);
  if (typeof value === 'boolean') return String(value);
  if (isList(value)) {
    return `[${value.flatMap((item) => (item === null ? [] : [tomlValue(item)])).join(', ')}]`;
  }
  const pairs = Object.entries(value).flatMap(([key, item]) =>
    item === null ? [] : [`${tomlKey(key)} = ${tomlValue(item)}`],
  );
  return pairs.length === 0 ? '{}' : `{ ${pairs.join(', ')} }`;
}

const isList = (value: object): value is readonly Json[] => Array.isArray(value);

function tomlKey(key: string): string {
  return BARE_KEY.test(key) ? key : quoted(key);
}

/** JSON's escapes are TOML's, except that TOML also wants DEL escaped. */
function quoted(text: string): string {
  return JSON.stringify(text).replaceAll('\x7f', '\\u007f');
}

/** TOML integers are 64-bit; what JavaScript would write with an exponent or not exactly is written as a float. */
function numberText(value: number): string {
  if (Number.isNaN(value)) return 'nan';
  if (!Number.isFinite(value)) return value > 0 ? 'inf' : '-inf';
  if (Object.is(value, -0)) return '-0.0';
  if (Number.isSafeInteger(value)) return String(value);
  const text = String(value);
  return /[.e]/.test(text) ? text : `${text}.0`;
}

/** A JSON value that may hold integers beyond 2^53 (`started_mono_ns_anchor`), written as plain digits. */
export type JsonText =
  | null
  | boolean
  | number
  | bigint
  | string
  | readonly JsonText[]
  | { readonly [key: string]: JsonText | undefined };

/**
 * Deterministic JSON: keys in the order they were built, indent 2, ASCII-escaped, final newline
 * (`spec/capa.md` §1.2). `undefined` members are left out.
 */
export function jsonText(value: JsonText): string {
  return `${pretty(value, '')}\n`;
}

/** The same on one line, for JSON Lines and table cells. No final newline. */
export function jsonLine(value: JsonText): string {
  if (isList(value)) return `[${value.map(jsonLine).join(', ')}]`;
  if (typeof value === 'object' && value !== null) {
    return `{${members(value)
      .map(([key, member]) => `${text(key)}: ${jsonLine(member)}`)
      .join(', ')}}`;
  }
  return scalar(value);
}

function pretty(value: JsonText, indent: string): string {
  const inner = `${indent}  `;
  if (isList(value)) {
    if (value.length === 0) return '[]';
    return `[\n${value.map((item) => inner + pretty(item, inner)).join(',\n')}\n${indent}]`;
  }
  if (typeof value === 'object' && value !== null) {
    const entries = members(value);
    if (entries.length === 0) return '{}';
    return `{\n${entries.map(([key, item]) => `${inner}${text(key)}: ${pretty(item, inner)}`).join(',\n')}\n${indent}}`;
  }
  return scalar(value);
}

function isList(value: JsonText): value is readonly JsonText[] {
  return Array.isArray(value);
}

function members(value: { readonly [key: string]: JsonText | undefined }): [string, JsonText][] {
  return Object.entries(value).filter((entry): entry is [string, JsonText] => entry[1] !== undefined);
}

function scalar(value: null | boolean | number | bigint | string): string {
  if (typeof value === 'string') return text(value);
  // JSON has no NaN or infinity; a gauge without a value is null.
  if (typeof value === 'number' && !Number.isFinite(value)) return 'null';
  return String(value);
}

function text(value: string): string {
  return JSON.stringify(value).replace(
    /[\u007f-\uffff]/g,
    (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`,
  );
}

/**
 * Sartorius SBI (`spec/protocols.md` §6): ESC commands, text records ended by CR LF, no checksum. The balance may also
 * print by itself, so lines are told apart by shape, never by order of arrival.
 */
import type { Scan, Scanner } from '../adapter.ts';

const ESC = 0x1b;
const CR = 0x0d;
const LF = 0x0a;
/** Records have 16, 22 or 23 characters; nothing here is longer than a name plate. */
const LINE_BYTES_MAX = 80;
/** 16 characters less CR LF: a shorter line without sign and id lacks its front. */
const WHOLE_RECORD = 14;

export type SbiLine =
  | {
      readonly type: 'weight';
      readonly value: number;
      readonly sign: '+' | '-';
      /** Null while unstable: the balance leaves the unit blank. */
      readonly unit: string | null;
      readonly stable: boolean;
      readonly decimals: number;
      readonly raw: string;
    }
  | { readonly type: 'overload' | 'underload' | 'adjusting' | 'error'; readonly raw: string }
  /** A record joined in the middle. */
  | { readonly type: 'tail'; readonly raw: string }
  /** Neither: the answer to a question about the balance, or noise. */
  | { readonly type: 'text'; readonly raw: string };

/** `P`, `T`, `x1_`: ESC and the characters, no line end. */
export function sbiCommand(characters: string): Uint8Array {
  return Uint8Array.of(ESC, ...new TextEncoder().encode(characters));
}

/** id (6, no full stop), `?` = unstable, sign, number, unit. */
const WEIGHT = /^([A-Za-z][A-Za-z0-9 ]{5})?(\?)? *([+-])? *(\d+(?:\.\d+)?) *([A-Za-z%]{1,3})? *$/;

/** What one line says, without its line end. */
export function parseSbi(raw: string): SbiLine {
  const text = raw.trim().replace(/^Stat\s+/, '');
  if (/^(?:H|HH|High|HI|OVER|OL)$/.test(text)) return { type: 'overload', raw };
  if (/^(?:L|Low)$/.test(text)) return { type: 'underload', raw };
  if (/^Cal\. ?(?:Int|Ext)\.$/.test(text)) return { type: 'adjusting', raw };
  if (/^(?:Err|ERR) *\d+$|^(?:APP|DIS|PRT)\. ?ERR$|^(?:ERR|NO|INVALID|REJECT)$/.test(text)) {
    return { type: 'error', raw };
  }
  const match = WEIGHT.exec(raw);
  if (match === null) return { type: 'text', raw };
  const [, id, question, sign, digits = '', unit] = match;
  if (sign === undefined && id === undefined && raw.length < WHOLE_RECORD) return { type: 'tail', raw };
  return {
    type: 'weight',
    value: (sign === '-' ? -1 : 1) * Number(digits) + 0,
    sign: sign === '-' ? '-' : '+',
    unit: unit ?? null,
    stable: unit !== undefined && question === undefined,
    decimals: digits.includes('.') ? digits.length - digits.indexOf('.') - 1 : 0,
    raw,
  };
}

export type SbiReading = Exclude<SbiLine, { type: 'tail' | 'text' }>;

/** The next reading, printed on request or by itself. */
export const readingScanner: Scanner<SbiReading> = (received) =>
  scanLine(received, (line, consumed) => {
    if (line.type === 'tail') return { type: 'skip', consumed, why: 'stale' };
    if (line.type !== 'text') return { type: 'frame', value: line, consumed };
    // A name plate asked for earlier; anything else is a damaged record.
    if (plate(line.raw) !== null) return { type: 'skip', consumed, why: 'stale' };
    return { type: 'bad', code: 'malformed', detail: `"${line.raw}" is no record`, consumed };
  });

/** The next line that is no reading: model, serial number or firmware. */
export const textScanner: Scanner<string> = (received) =>
  scanLine(received, (line, consumed) =>
    line.type === 'text'
      ? { type: 'frame', value: plate(line.raw) ?? line.raw.trim(), consumed }
      : { type: 'skip', consumed, why: 'stale' },
  );

/** `SerNo.    0031801165` → `0031801165`; null when there is no such label. */
function plate(text: string): string | null {
  return /^[A-Za-z]+[.:] +(\S.*?) *$/.exec(text)?.[1] ?? null;
}

function scanLine<T>(received: Uint8Array, judge: (line: SbiLine, consumed: number) => Scan<T>): Scan<T> {
  let noise = 0;
  while (noise < received.length && isNoise(received[noise])) noise += 1;
  if (noise > 0) return { type: 'skip', consumed: noise, why: 'garbage' };
  const end = received.indexOf(LF);
  if (end < 0) {
    if (received.length <= LINE_BYTES_MAX) return { type: 'more' };
    const detail = `no line end within ${LINE_BYTES_MAX} bytes`;
    return { type: 'bad', code: 'malformed', detail, consumed: received.length };
  }
  const consumed = end + 1;
  const body = received.subarray(0, received[end - 1] === CR ? end - 1 : end);
  if (body.length > LINE_BYTES_MAX || body.some((byte) => byte < 0x20 || byte > 0x7e)) {
    return {
      type: 'bad',
      code: 'malformed',
      detail: 'line too long or with bytes that are no text',
      consumed,
    };
  }
  return judge(parseSbi(String.fromCharCode(...body)), consumed);
}

/** Line ends left over, and what a turning line makes. */
function isNoise(byte: number | undefined): boolean {
  return byte === CR || byte === LF || byte === 0 || byte === 0xff;
}

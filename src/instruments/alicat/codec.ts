/**
 * Alicat text protocol (`spec/protocols.md` §5): lines ended by CR, unit id glued to the command, no checksum.
 * Pure: bytes to values. What a line cannot prove (a flipped digit) is left to plausibility limits.
 */
import type { ExchangeCode, Scan, ScanFault, Scanner } from '../adapter.ts';

const CR = 0x0d;
const LF = 0x0a;
/** Longest line taken before the receiver gives up; tables of all firmwares stay under 100 per line. */
const LINE_BYTES_MAX = 1024;

export type LineVerdict<T> =
  | { readonly type: 'value'; readonly value: T }
  | { readonly type: 'skip'; readonly why: ScanFault }
  | { readonly type: 'bad'; readonly code: ExchangeCode; readonly detail: string };

/** Bytes of one command, CR appended. `text` is ASCII, without line end. */
export function commandBytes(text: string): Uint8Array {
  return new TextEncoder().encode(`${text}\r`);
}

/**
 * Reads line by line until `judge` finds the reply. `request` is the text sent: a line equal to it is the echo of a
 * two-wire adapter. Bytes 00 and FF (and LF) before a line are noise of the bus turning round.
 */
export function lineScanner<T>(request: string, judge: (line: string) => LineVerdict<T>): Scanner<T> {
  return (received) => {
    const noise = noiseBytes(received);
    if (noise > 0) return { type: 'skip', consumed: noise, why: 'garbage' };
    const end = received.indexOf(CR);
    if (end < 0) {
      if (received.length <= LINE_BYTES_MAX) return { type: 'more' };
      const detail = `no CR within ${LINE_BYTES_MAX} bytes`;
      return { type: 'bad', code: 'malformed', detail, consumed: received.length };
    }
    const consumed = end + 1;
    const line = printableText(received.subarray(0, end));
    if (line === null) {
      return { type: 'bad', code: 'malformed', detail: 'byte below 20 or above 7E in the line', consumed };
    }
    return settled(judgeLine(request, line, judge), consumed);
  };
}

function judgeLine<T>(
  request: string,
  line: string,
  judge: (line: string) => LineVerdict<T>,
): LineVerdict<T> {
  if (line === request) return { type: 'skip', why: 'echo' };
  // 6v21 answers an unknown command with an empty line and then `?`.
  if (line.trim() === '') return { type: 'skip', why: 'stale' };
  if (/^(?:[A-Z] +)?\?$/.test(line.trim()) || /Feature Not Enabled/i.test(line)) {
    return { type: 'bad', code: 'nak', detail: `the device refused "${request}"` };
  }
  return judge(line);
}

function settled<T>(verdict: LineVerdict<T>, consumed: number): Scan<T> {
  if (verdict.type === 'value') return { type: 'frame', value: verdict.value, consumed };
  if (verdict.type === 'skip') return { type: 'skip', consumed, why: verdict.why };
  return { type: 'bad', code: verdict.code, detail: verdict.detail, consumed };
}

function noiseBytes(received: Uint8Array): number {
  let count = 0;
  while (
    count < received.length &&
    (received[count] === 0 || received[count] === 0xff || received[count] === LF)
  ) {
    count += 1;
  }
  return count;
}

/** Text of a line; null when a byte is not printable: dropping it would turn a damaged digit into another number. */
function printableText(bytes: Uint8Array): string | null {
  let text = '';
  for (const byte of bytes) {
    if (byte < 0x20 || byte > 0x7e) return null;
    text += String.fromCharCode(byte);
  }
  return text;
}

/** Judges a line that must begin with our unit id: others are skipped, ours goes on to `judge` without the id. */
export function addressed<T>(
  unitId: string,
  judge: (rest: string) => LineVerdict<T>,
): (line: string) => LineVerdict<T> {
  return (line) => {
    const id = /^([A-Z])(?: |$)/.exec(line)?.[1];
    if (id === undefined) return { type: 'skip', why: 'stale' };
    if (id !== unitId) return { type: 'skip', why: 'address' };
    return judge(line.slice(1).trim());
  };
}

/** Any line of our unit, as text after the id. */
export function textScanner(request: string, unitId: string): Scanner<string> {
  return lineScanner(
    request,
    addressed(unitId, (rest) => ({ type: 'value', value: rest })),
  );
}

/** Reply of `DV`: numbers only, no id, dashes for a statistic the device does not have. */
export function statisticsScanner(request: string): Scanner<readonly (number | null)[]> {
  return lineScanner(request, (line) => {
    const values = line.trim().split(/ +/).map(number);
    return values.every((value) => value !== undefined)
      ? { type: 'value', value: values }
      : { type: 'bad', code: 'malformed', detail: `"${line}" is not a row of numbers` };
  });
}

/**
 * Lines of a table (`??M*`, `??D*`). Tables have no end mark: `isLast` knows the usual last row, otherwise the exchange
 * times out and `lines` holds what came.
 */
export interface TableScan {
  readonly scan: Scanner<readonly string[]>;
  lines(): readonly string[];
}

export function tableScan(request: string, unitId: string, isLast: (line: string) => boolean): TableScan {
  let seen: readonly string[] = [];
  const scan: Scanner<readonly string[]> = (received) => {
    const end = received.lastIndexOf(CR);
    if (end < 0) return received.length > 16 * LINE_BYTES_MAX ? tooLong(received) : { type: 'more' };
    const text = received.subarray(0, end);
    if (text.some((byte) => byte > 0x7f && byte !== 0xff)) {
      return { type: 'bad', code: 'malformed', detail: 'byte above 7F in the table', consumed: end + 1 };
    }
    const all = splitLines(text).filter((line) => line !== request && line.trim() !== '');
    if (all.some((line) => /^(?:[A-Z] +)?\?$/.test(line.trim()))) {
      return { type: 'bad', code: 'nak', detail: `the device refused "${request}"`, consumed: end + 1 };
    }
    seen = all.filter((line) => line.startsWith(`${unitId} `));
    const last = seen.at(-1);
    if (last !== undefined && isLast(last)) return { type: 'frame', value: seen, consumed: end + 1 };
    return received.length > 16 * LINE_BYTES_MAX ? tooLong(received) : { type: 'more' };
  };
  return { scan, lines: () => seen };
}

function tooLong(received: Uint8Array): Scan<never> {
  const detail = `table longer than ${16 * LINE_BYTES_MAX} bytes`;
  return { type: 'bad', code: 'malformed', detail, consumed: received.length };
}

/** Lines of a table; control bytes are dropped (GP firmware puts 08 into its tables). */
function splitLines(bytes: Uint8Array): string[] {
  let text = '';
  for (const byte of bytes) {
    if (byte === CR) text += '\n';
    else if (byte >= 0x20 && byte <= 0x7f) text += String.fromCharCode(byte);
  }
  return text.split('\n');
}

/** A number as the device prints it; null for dashes (no value); undefined when it is neither. */
export function number(token: string): number | null | undefined {
  if (/^-{2,}$/.test(token)) return null;
  return /^[+-]?\d+(?:\.\d+)?$/.test(token) ? Number(token) : undefined;
}

/** True when unsolicited bytes look like the stream an earlier session left on: frames without an id (§5.4). */
export function looksStreaming(received: Uint8Array): boolean {
  return splitLines(received).some(
    (line) =>
      /^[ @]/.test(line) &&
      line
        .slice(1)
        .trim()
        .split(/ +/)
        .filter((token) => number(token) !== undefined).length >= 3,
  );
}

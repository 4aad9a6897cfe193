/** The TOML form of a rig (`spec/capa.md` §7), checked key by key: unknown keys and bad values are refused. */
import * as v from 'valibot';
import type { Problem } from '../record/problem.ts';

/** Names become topics, file names and parts of ids: no blank, slash, colon, nor dots that climb. */
const DEVICE_NAME = /^[A-Za-z][A-Za-z0-9_-]{0,47}$/;
const CHANNEL_NAME = /^[A-Za-z][A-Za-z0-9_-]*(\.[A-Za-z0-9_-]+)*$/;
/** Producers and sources of our own; a device of this name would be mistaken for them. */
const RESERVED = new Set(['conductor', 'recorder', 'operator', 'procedure', 'page', 'safety']);

const CHANNEL_KINDS = ['process_var', 'setpoint', 'mass', 'mfc_flow', 'pressure', 'analog_in'] as const;

const finite = v.pipe(v.number(), v.finite('a finite number'));
const whole = (min: number, max: number) =>
  v.pipe(
    v.number(),
    v.integer('a whole number'),
    v.minValue(min, `at least ${min}`),
    v.maxValue(max, `at most ${max}`),
  );
const between = (min: number, max: number) =>
  v.pipe(finite, v.minValue(min, `at least ${min}`), v.maxValue(max, `at most ${max}`));
const name = (pattern: RegExp, what: string) =>
  v.pipe(
    v.string(),
    v.maxLength(64, 'at most 64 characters'),
    v.regex(pattern, what),
    v.check((text) => !RESERVED.has(text), 'a name that is not reserved'),
  );
const deviceName = name(DEVICE_NAME, 'a letter, then up to 47 letters, digits, _ or -');
const channelName = name(CHANNEL_NAME, 'letters, digits, _ and -, in parts joined by single dots');
const words = (max: number) => v.pipe(v.string(), v.minLength(1, 'not empty'), v.maxLength(max));

const port = v.variant('transport', [
  v.strictObject({ transport: v.literal('simulated') }),
  v.strictObject({
    transport: v.literal('web-serial'),
    usb_vendor_id: whole(0, 0xffff),
    usb_product_id: whole(0, 0xffff),
    index: v.optional(whole(0, 31), 0),
  }),
]);

const calibration = v.variant('kind', [
  v.strictObject({ kind: v.literal('identity') }),
  v.pipe(
    v.strictObject({
      kind: v.literal('linear_two_point'),
      ref_low_raw: finite,
      ref_low_value: finite,
      ref_high_raw: finite,
      ref_high_value: finite,
    }),
    v.check((two) => two.ref_low_raw !== two.ref_high_raw, 'two different raw values'),
  ),
  v.strictObject({
    kind: v.literal('polynomial'),
    coefficients: v.pipe(v.array(finite), v.minLength(1, 'at least 1'), v.maxLength(16, 'at most 16')),
  }),
]);

function isTable(input: unknown): boolean {
  return typeof input === 'object' && input !== null && !Array.isArray(input);
}

const device = v.strictObject({
  name: deviceName,
  adapter: words(64),
  port,
  on_failure: v.optional(v.picklist(['warn', 'abort']), 'warn'),
  // Not `v.record`: it drops keys such as `constructor` in silence, and nothing unknown may pass unseen.
  params: v.optional(v.custom<{ readonly [key: string]: unknown }>(isTable, 'a table'), {}),
});

/** Empty = a bare number. Units this build does not know are kept as they are, but convert to nothing. */
const unitText = v.pipe(v.string(), v.maxLength(32, 'at most 32 characters'));

const channel = v.strictObject({
  name: channelName,
  kind: v.picklist(CHANNEL_KINDS),
  unit: unitText,
  source: v.strictObject({
    device: v.string(),
    field: v.string(),
    instance: v.optional(whole(1, 64)),
  }),
  calibration: v.optional(calibration, { kind: 'identity' }),
  keep_raw: v.optional(v.boolean(), true),
  plot_group: v.optional(words(64), 'other'),
  decimate_to_hz: v.optional(between(0.1, 1000), 60),
});

const storage = v.strictObject({
  part_bytes_max: v.optional(whole(65_536, 4_000_000_000), 500_000_000),
  part_minutes_max: v.optional(between(0.01, 1440), 60),
});

export const rigSchema = v.strictObject({
  name: words(64),
  devices: v.optional(v.pipe(v.array(device), v.maxLength(64, 'at most 64 devices')), []),
  channels: v.optional(v.pipe(v.array(channel), v.maxLength(1024, 'at most 1024 channels')), []),
  storage: v.optional(storage, {}),
});
type RigFile = v.InferOutput<typeof rigSchema>;
export type RigFileDevice = RigFile['devices'][number];
export type RigFileChannel = RigFile['channels'][number];

/** A valibot issue as a `Problem`: path as in TOML, what was expected, what was there. */
export function problemOf(issue: v.BaseIssue<unknown>): Problem {
  const path = pathText(issue.path ?? []);
  const last = issue.path?.at(-1);
  if (issue.type === 'strict_object' && issue.expected === 'never') {
    return {
      severity: 'error',
      code: 'schema.unknown',
      path,
      message: `unknown key ${path}`,
      expected: 'no such key',
      actual: String(last && 'key' in last ? last.key : ''),
    };
  }
  const missing = issue.received === 'undefined';
  // Our own messages say what is expected; valibot's own begin with "Invalid".
  const expected = issue.message.startsWith('Invalid') ? (issue.expected ?? issue.message) : issue.message;
  return {
    severity: 'error',
    code: missing ? 'schema.missing' : `schema.${issue.type}`,
    path,
    message: missing ? `${path} is missing` : `${path}: expected ${expected}, found ${shown(issue.input)}`,
    expected,
    actual: missing ? 'nothing' : shown(issue.input),
  };
}

function pathText(path: readonly { readonly key: unknown }[]): string {
  return path
    .map(({ key }, index) =>
      typeof key === 'number' ? `[${key}]` : `${index === 0 ? '' : '.'}${String(key)}`,
    )
    .join('');
}

function shown(input: unknown): string {
  const text = typeof input === 'bigint' ? String(input) : (JSON.stringify(input) ?? String(input));
  return text.length > 80 ? `${text.slice(0, 77)}…` : text;
}

import { resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { CACHE } from './places.mjs';

export interface RecordOptions {
  readonly rigPath: string;
  /** Null = until Ctrl-C. */
  readonly durationS: number | null;
  readonly outFolder: string;
  readonly profileFolder: string;
  readonly armNow: boolean;
  readonly sampleId: string;
  readonly operatorId: string;
  /** USB identities to grant besides those found on this machine. */
  readonly grants: readonly UsbIdentity[];
}

export interface UsbIdentity {
  readonly vendorId: number;
  readonly productId: number;
  readonly serialNumber: string;
}

export const USAGE = `npm run record -- --rig FILE --out DIR [--duration SECONDS] [--profile DIR] [--arm-now]
                  [--sample ID] [--operator ID] [--grant VENDOR:PRODUCT:SERIAL …]

  --duration  without it the run goes on until Ctrl-C; a second Ctrl-C kills
  --profile   browser profile; recordings stay in it (default .cache/record-profile)
  --arm-now   do not wait until the storage is 60 s old; the manifest records the waiver
  --grant     USB serial adapter the page may open, hexadecimal ids (found on Linux by itself)

exit codes: 0 completed and sealed, 1 stopped or refused, 2 crashed, 3 verification failed, 5 other`;

/** Throws with words for people when the arguments make no sense. */
export function readRecordOptions(argv: readonly string[]): RecordOptions {
  const { values } = parseArgs({
    args: [...argv],
    options: {
      rig: { type: 'string' },
      duration: { type: 'string' },
      out: { type: 'string' },
      profile: { type: 'string', default: resolve(CACHE, 'record-profile') },
      'arm-now': { type: 'boolean', default: false },
      sample: { type: 'string', default: 'headless' },
      operator: { type: 'string', default: 'headless' },
      grant: { type: 'string', multiple: true, default: [] },
    },
  });
  if (values.rig === undefined) throw new Error('--rig is missing');
  if (values.out === undefined) throw new Error('--out is missing');
  return {
    rigPath: resolve(values.rig),
    durationS: values.duration === undefined ? null : seconds(values.duration),
    outFolder: resolve(values.out),
    profileFolder: resolve(values.profile),
    armNow: values['arm-now'],
    sampleId: values.sample,
    operatorId: values.operator,
    grants: values.grant.map(usbIdentity),
  };
}

function seconds(text: string): number {
  const value = Number(text);
  if (!Number.isFinite(value) || value <= 0)
    throw new Error(`--duration is "${text}", expected seconds above 0`);
  return value;
}

function usbIdentity(text: string): UsbIdentity {
  const match = /^([0-9a-f]{1,4}):([0-9a-f]{1,4}):(.+)$/i.exec(text);
  if (match === null)
    throw new Error(`--grant is "${text}", expected VENDOR:PRODUCT:SERIAL, as 0403:6001:A1B2`);
  const [, vendor = '', product = '', serialNumber = ''] = match;
  return { vendorId: parseInt(vendor, 16), productId: parseInt(product, 16), serialNumber };
}

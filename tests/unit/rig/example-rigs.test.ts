import { readdirSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { describe, expect, it } from 'vitest';
import { DECLARATIONS } from '../../../src/instruments/declarations.ts';
import { portName } from '../../../src/rig/rig.ts';
import { formatRig, parseRig } from '../../../src/rig/toml.ts';

const FOLDER = resolve(import.meta.dirname, '../../../public/rigs');
const rigOf = (file: string) => {
  const result = parseRig(readFileSync(join(FOLDER, file), 'utf8'), DECLARATIONS);
  if (!result.ok) throw new Error(JSON.stringify(result.error, null, 2));
  return result.value;
};

describe('example rigs', () => {
  it.each(readdirSync(FOLDER))(
    '%s loads with the families of this build, and is written back the same',
    (file) => {
      const rig = rigOf(file);
      expect(parseRig(formatRig(rig), DECLARATIONS)).toEqual({ ok: true, value: rig });
      expect(rig.channels.length).toBeGreaterThan(3);
    },
  );

  it('the simulated rig is one resource', () => {
    const { devices } = rigOf('simulated.toml');
    expect([...new Set(devices.map(({ port }) => portName(port)))]).toEqual(['simulated']);
    expect(devices.map(({ params }) => params.rate_hz)).toEqual([5, 10, 10]);
  });

  it('the real rig is two ports', () => {
    const { devices } = rigOf('watlow-alicat.toml');
    expect(devices.map(({ port }) => portName(port))).toEqual(['usb-0403-6001-0', 'usb-10c4-ea60-0']);
  });
});

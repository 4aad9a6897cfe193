import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { grantsFor, seedSerialGrants, usbDevices } from '../../../src/cli/serial-grants.ts';

const ORIGIN = 'http://localhost:4791';
const FTDI = { vendorId: 0x403, productId: 0x6001, serialNumber: 'A1' };
let folder = '';

beforeEach(() => (folder = mkdtempSync(join(tmpdir(), 'benchseal-grants-'))));
afterEach(() => rmSync(folder, { recursive: true }));

interface Preferences {
  readonly browser?: unknown;
  readonly profile: {
    readonly content_settings: {
      readonly exceptions: {
        readonly serial_chooser_data: {
          readonly [origin: string]: { readonly setting: { readonly 'chosen-objects': readonly object[] } };
        };
      };
    };
  };
}
const preferences = () =>
  JSON.parse(readFileSync(join(folder, 'Default/Preferences'), 'utf8')) as Preferences;
const chosen = () =>
  preferences().profile.content_settings.exceptions.serial_chooser_data[`${ORIGIN},*`]?.setting[
    'chosen-objects'
  ];

describe('serial grants', () => {
  it('finds the adapters of the rig among the USB devices of the machine', () => {
    for (const [name, files] of Object.entries({
      '1-1': { idVendor: '0403', idProduct: '6001', serial: 'A1' },
      '1-2': { idVendor: '10c4', idProduct: 'ea60', serial: 'C1' },
      hub: { idVendor: '1d6b', idProduct: '0002' },
    })) {
      mkdirSync(join(folder, name));
      for (const [file, text] of Object.entries(files)) writeFileSync(join(folder, name, file), `${text}\n`);
    }
    const port = { transport: 'web-serial', usbVendorId: 0x403, usbProductId: 0x6001, index: 0 } as const;
    const device = {
      name: 'mfc',
      adapter: 'alicat',
      port,
      params: { rate_hz: 10 },
      onFailure: 'warn',
    } as const;
    expect(usbDevices(folder)).toHaveLength(2);
    expect(grantsFor({ devices: [device] }, usbDevices(folder))).toEqual([FTDI]);
    expect(usbDevices(join(folder, 'none'))).toEqual([]);
  });

  it('keeps what the profile has and adds each port once', () => {
    mkdirSync(join(folder, 'Default'));
    writeFileSync(join(folder, 'Default/Preferences'), JSON.stringify({ browser: { kept: true } }));
    seedSerialGrants(folder, ORIGIN, [FTDI]);
    seedSerialGrants(folder, ORIGIN, [FTDI, { ...FTDI, serialNumber: 'A2' }]);
    expect(preferences().browser).toEqual({ kept: true });
    expect(chosen()).toEqual([
      { name: 'USB serial A1', vendor_id: 0x403, product_id: 0x6001, serial_number: 'A1' },
      { name: 'USB serial A2', vendor_id: 0x403, product_id: 0x6001, serial_number: 'A2' },
    ]);
  });
});

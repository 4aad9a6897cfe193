import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import type { Rig } from '../rig/rig.ts';
import type { UsbIdentity } from './record-options.ts';

type JsonObject = { [key: string]: unknown };

/** USB devices of this machine, from sysfs. Empty where there is none. Chromium wants the serial number as well. */
export function usbDevices(sysfs = '/sys/bus/usb/devices'): UsbIdentity[] {
  if (!existsSync(sysfs)) return [];
  return readdirSync(sysfs).flatMap((name) => {
    const read = (file: string): string | null => {
      const path = join(sysfs, name, file);
      return existsSync(path) ? readFileSync(path, 'utf8').trim() : null;
    };
    const [vendor, product, serialNumber] = [read('idVendor'), read('idProduct'), read('serial')];
    if (vendor === null || product === null || serialNumber === null) return [];
    return [{ vendorId: parseInt(vendor, 16), productId: parseInt(product, 16), serialNumber }];
  });
}

/** Of the devices at hand, those the rig names. */
export function grantsFor(rig: Pick<Rig, 'devices'>, devices: readonly UsbIdentity[]): UsbIdentity[] {
  const wanted = new Set(
    rig.devices.flatMap(({ port }) =>
      port.transport === 'web-serial' ? [`${port.usbVendorId}:${port.usbProductId}`] : [],
    ),
  );
  return devices.filter(({ vendorId, productId }) => wanted.has(`${vendorId}:${productId}`));
}

function child(parent: JsonObject, key: string): JsonObject {
  const there = parent[key];
  if (typeof there === 'object' && there !== null && !Array.isArray(there)) return there as JsonObject;
  const made: JsonObject = {};
  parent[key] = made;
  return made;
}

/**
 * Puts serial grants for `origin` into a profile that no browser has open, beside those already there. A chosen port
 * is exactly these four keys (Chromium's `serial_chooser_data`); headless there is no chooser to click.
 */
export function seedSerialGrants(
  profileFolder: string,
  origin: string,
  grants: readonly UsbIdentity[],
): void {
  if (grants.length === 0) return;
  const path = join(profileFolder, 'Default/Preferences');
  const preferences = existsSync(path) ? (JSON.parse(readFileSync(path, 'utf8')) as JsonObject) : {};
  const exceptions = child(child(child(preferences, 'profile'), 'content_settings'), 'exceptions');
  const setting = child(child(child(exceptions, 'serial_chooser_data'), `${origin},*`), 'setting');
  const before = Array.isArray(setting['chosen-objects']) ? (setting['chosen-objects'] as JsonObject[]) : [];
  const added = grants
    .map(({ vendorId, productId, serialNumber }) => ({
      name: `USB serial ${serialNumber}`,
      vendor_id: vendorId,
      product_id: productId,
      serial_number: serialNumber,
    }))
    .filter(
      (port) =>
        !before.some(
          (other) =>
            other['vendor_id'] === port.vendor_id &&
            other['product_id'] === port.product_id &&
            other['serial_number'] === port.serial_number,
        ),
    );
  setting['chosen-objects'] = [...before, ...added];
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, JSON.stringify(preferences));
}

import { stringify } from 'smol-toml';
import type { DeviceIdentity } from '../record/device-identity.ts';

/** `equipment.toml`: every device with the identity it gave when it was asked (`spec/capa.md` §1.1). */
export function formatEquipment(rigName: string, devices: readonly DeviceIdentity[]): string {
  const table = {
    name: rigName,
    devices: devices.map(({ name, adapter, port, manufacturer, model, serial, firmware }) => ({
      name,
      adapter,
      port,
      identity: { manufacturer, model, serial, firmware },
    })),
  };
  return `${stringify(table).trimEnd()}\n`;
}

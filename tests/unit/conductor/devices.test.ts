import { describe, expect, it } from 'vitest';
import { Devices } from '../../../src/conductor/devices.ts';
import { portName, type Rig, type RigDevice } from '../../../src/rig/rig.ts';
import type { DeviceView } from '../../../src/wire/messages.ts';
import { NO_BRIDGE } from '../../../src/wire/bridge.ts';

const PORT: RigDevice['port'] = {
  transport: 'web-serial',
  usbVendorId: 0x403,
  usbProductId: 0x6001,
  index: 0,
};
const RESOURCE = portName(PORT);
const rigOf = (...names: string[]): Rig => ({
  name: 'rig',
  devices: names.map((name) => ({
    name,
    adapter: 'alicat',
    port: PORT,
    params: { rate_hz: 10 },
    onFailure: 'warn',
  })),
  channels: [],
  storage: { partBytesMax: 1, partMinutesMax: 1 },
});
const view = (device: string, phase: DeviceView['phase']): DeviceView => ({
  device,
  family: '',
  resource: RESOURCE,
  phase,
  health: 'down',
  detail: '',
  identity: null,
  rateHz: 0,
  lastSampleHostMs: null,
  polls: 0,
  failures: {},
  skipped: {},
  bridge: NO_BRIDGE,
  unackedBytes: 0,
});
const shown = (devices: Devices) => devices.views().map(({ device, phase }) => [device, phase]);

describe('the device table', () => {
  it('shows a port that is asked who it is, until its worker ends', () => {
    const devices = new Devices();
    devices.keepOnly(rigOf());
    devices.changed(view(RESOURCE, 'identifying'));
    expect(shown(devices)).toEqual([[RESOURCE, 'identifying']]);
    devices.workerGone(RESOURCE);
    expect(shown(devices)).toEqual([]);
  });

  it('leaves no ghost of a device that was removed, nor of another rig', () => {
    const devices = new Devices();
    devices.keepOnly(rigOf('mfc'));
    devices.changed(view('mfc', 'polling'));
    devices.keepOnly(rigOf());
    // Said before its worker had heard of it.
    devices.changed(view('mfc', 'polling'));
    expect(shown(devices)).toEqual([]);
    devices.changed(view(RESOURCE, 'identifying'));
    devices.keepOnly(rigOf('other'));
    devices.changed(view(RESOURCE, 'failed'));
    expect(shown(devices)).toEqual([['other', 'waiting-for-port']]);
  });

  it('keeps a device of the rig whose worker ended, as lost', () => {
    const devices = new Devices();
    devices.keepOnly(rigOf('mfc'));
    devices.changed(view('mfc', 'polling'));
    devices.workerGone(RESOURCE);
    expect(shown(devices)).toEqual([['mfc', 'lost']]);
  });
});

import { type Rig, type RigDevice, portName } from '../rig/rig.ts';
import { NO_BRIDGE } from '../wire/bridge.ts';
import type { DeviceView } from '../wire/messages.ts';

/** How each device stands, as its worker said last; devices of the rig without a worker wait for their port. */
export class Devices {
  #rig: readonly RigDevice[] = [];
  readonly #views = new Map<string, DeviceView>();

  /** Devices of the rig come first, in its order; views of others are forgotten. */
  keepOnly(rig: Rig): void {
    this.#rig = rig.devices;
    const names = new Set(rig.devices.map(({ name }) => name));
    for (const known of this.#views.keys()) if (!names.has(known)) this.#views.delete(known);
  }

  /** Of the rig, or a port without a device that is being asked; what is said of a removed device comes too late. */
  changed(view: DeviceView): void {
    const { device, resource } = view;
    const asked = device === resource && !this.#rig.some(({ port }) => portName(port) === resource);
    if (asked || this.#rig.some(({ name }) => name === device)) this.#views.set(device, view);
  }

  /** Nobody speaks for these devices any more; a port that was only asked is no device to miss. */
  workerGone(resource: string): void {
    const ofRig = new Set(this.#rig.map(({ name }) => name));
    for (const [device, view] of this.#views)
      if (view.resource !== resource) continue;
      else if (!ofRig.has(device)) this.#views.delete(device);
      else this.#views.set(device, { ...view, phase: 'lost', health: 'down', detail: 'its worker ended' });
  }

  /** Names of the devices on this port that are being read. */
  read(resource: string): readonly string[] {
    return this.#rig
      .filter(({ port }) => portName(port) === resource)
      .map(({ name }) => name)
      .filter((name) => ['polling', 'late'].includes(this.#views.get(name)?.phase ?? ''));
  }

  views(): readonly DeviceView[] {
    const known = new Set(this.#rig.map(({ name }) => name));
    return [
      ...this.#rig.map((device) => this.#views.get(device.name) ?? waiting(device)),
      ...[...this.#views.values()].filter(({ device }) => !known.has(device)),
    ];
  }
}

function waiting(device: RigDevice): DeviceView {
  return {
    device: device.name,
    family: device.adapter,
    resource: portName(device.port),
    phase: 'waiting-for-port',
    health: 'down',
    detail: 'no worker yet',
    identity: null,
    rateHz: device.params.rate_hz,
    lastSampleHostMs: null,
    polls: 0,
    failures: {},
    skipped: {},
    bridge: NO_BRIDGE,
    unackedBytes: 0,
  };
}

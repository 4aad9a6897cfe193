import type { InstrumentSpec } from './instrument-messages.ts';

/** The two instruments of most tests, as they sit on their ptys. */
export const FLOW: InstrumentSpec = {
  id: 'flow',
  family: 'alicat',
  params: { rate_hz: 10, baud: 115200 },
  usb: { vendorId: 0x0403, productId: 0x6001, name: 'Alicat flow controller', serialNumber: 'ALICAT01' },
  seed: 11,
};
export const HEATER: InstrumentSpec = {
  id: 'heater',
  family: 'watlow',
  params: { rate_hz: 5, parameters: ['process_value', 'setpoint'] },
  usb: { vendorId: 0x0403, productId: 0x6015, name: 'Watlow EZ-ZONE', serialNumber: 'WATLOW01' },
  seed: 12,
};

/** Names of their wires in the journal, `portName()` of their bindings. */
export const FLOW_WIRE = 'usb-0403-6001-0';
export const HEATER_WIRE = 'usb-0403-6015-0';

function deviceToml(spec: InstrumentSpec): string {
  const params = Object.entries(spec.params).map(([key, value]) => `${key} = ${JSON.stringify(value)}`);
  return `
[[devices]]
name = "${spec.id}"
adapter = "${spec.family}"
port = { transport = "web-serial", usb_vendor_id = ${spec.usb.vendorId}, usb_product_id = ${spec.usb.productId}, index = 0 }
params = { ${params.join(', ')} }
`;
}

function channelToml(name: string, kind: string, unit: string, source: string, group: string): string {
  return `
[[channels]]
name = "${name}"
kind = "${kind}"
unit = "${unit}"
source = { ${source} }
plot_group = "${group}"
`;
}

export interface RigTomlOptions {
  /** Small parts, to see rotation. */
  readonly partBytesMax?: number;
  readonly instruments?: readonly InstrumentSpec[];
}

/** A rig file for these instruments on Web Serial, with the channels the seed's readers would make. */
export function rigToml(options: RigTomlOptions = {}): string {
  const instruments = options.instruments ?? [FLOW, HEATER];
  const families = new Set(instruments.map((spec) => spec.family));
  return [
    'name = "bench"\n',
    ...(options.partBytesMax === undefined
      ? []
      : [`\n[storage]\npart_bytes_max = ${options.partBytesMax}\n`]),
    ...instruments.map(deviceToml),
    ...(families.has('alicat')
      ? [
          channelToml('flow.mass', 'mfc_flow', 'SLPM', 'device = "flow", field = "Mass_Flow"', 'flow'),
          channelToml(
            'flow.setpoint',
            'setpoint',
            'SLPM',
            'device = "flow", field = "Mass_Flow_Setpt"',
            'flow',
          ),
        ]
      : []),
    ...(families.has('watlow')
      ? [
          channelToml(
            'heater.pv',
            'process_var',
            'degC',
            'device = "heater", field = "process_value", instance = 1',
            'temperature',
          ),
        ]
      : []),
  ].join('');
}

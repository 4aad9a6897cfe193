/** Referential checks of a rig (`spec/capa.md` §7, layer 2): do its parts fit each other and the families? */
import type { Problem } from '../record/problem.ts';
import type { RigDeclaration, RigDeclarations, RigLine } from './declaration.ts';
import { portName, type Rig, type RigChannel } from './rig.ts';
import { canonicalUnit, convertible, knownUnits } from './units.ts';

/** Everything that does not fit, in the order of the file. An empty list = this rig can run. */
export function checkRig(rig: Rig, declarations: RigDeclarations): Problem[] {
  const adapters = new Map(rig.devices.map((device) => [device.name, declarations.get(device.adapter)]));
  return [
    ...duplicates(rig.devices, 'devices'),
    ...duplicates(rig.channels, 'channels'),
    ...rig.devices.flatMap((device, index) =>
      declarations.has(device.adapter) ? [] : [unknownAdapter(index, device.adapter, declarations)],
    ),
    ...lineConflicts(rig, declarations),
    ...rig.channels.flatMap((channel, index) => checkChannel(channel, `channels[${index}]`, adapters)),
  ];
}

export function unknownAdapter(index: number, adapter: string, declarations: RigDeclarations): Problem {
  return problem(
    'devices.unknown_adapter',
    `devices[${index}].adapter`,
    `no instrument family is called ${adapter}`,
    [...declarations.keys()].join(', '),
    adapter,
  );
}

function problem(code: string, path: string, message: string, expected: string, actual: string): Problem {
  return { severity: 'error', code, path, message, expected, actual };
}

function duplicates(named: readonly { readonly name: string }[], section: 'devices' | 'channels'): Problem[] {
  const first = new Map<string, number>();
  return named.flatMap(({ name }, index) => {
    // Names become file names; some file systems do not tell cases apart.
    const key = name.toLowerCase();
    const before = first.get(key);
    if (before === undefined) {
      first.set(key, index);
      return [];
    }
    return [
      problem(
        `${section}.duplicate_name`,
        `${section}[${index}].name`,
        `${name} is already the name of ${section}[${before}]`,
        'a name used once',
        name,
      ),
    ];
  });
}

function lineConflicts(rig: Rig, declarations: RigDeclarations): Problem[] {
  const lines = new Map<string, { readonly device: string; readonly line: string }>();
  return rig.devices.flatMap((device, index) => {
    const declaration = declarations.get(device.adapter);
    // Simulated devices have a line each: nothing to share.
    if (declaration === undefined || device.port.transport === 'simulated') return [];
    const line = lineText(declaration.lineOf(device.params));
    const key = portName(device.port);
    const other = lines.get(key);
    if (other === undefined) {
      lines.set(key, { device: device.name, line });
      return [];
    }
    if (other.line === line) return [];
    return [
      problem(
        'devices.line_conflict',
        `devices[${index}].port`,
        `${device.name} and ${other.device} share ${key} but need different line settings`,
        other.line,
        line,
      ),
    ];
  });
}

function lineText(line: RigLine): string {
  const parity = line.parity.slice(0, 1).toUpperCase();
  const flow = line.flowControl === 'none' ? '' : ` ${line.flowControl}`;
  return `${line.baudRate} ${line.dataBits}${parity}${line.stopBits}${flow}`;
}

function checkChannel(
  channel: RigChannel,
  path: string,
  adapters: ReadonlyMap<string, RigDeclaration | undefined>,
): Problem[] {
  const { device, field } = channel.source;
  if (!adapters.has(device))
    return [
      problem(
        'channels.unknown_device',
        `${path}.source.device`,
        `${channel.name} reads a device that is not in this rig`,
        [...adapters.keys()].join(', ') || 'a device',
        device,
      ),
    ];
  const declaration = adapters.get(device);
  if (declaration === undefined) return [];
  const spec = declaration.fields.find((candidate) => candidate.field === field);
  if (spec === undefined)
    return [
      problem(
        'channels.unknown_field',
        `${path}.source.field`,
        `${declaration.id} has no field ${field}`,
        declaration.fields.map((candidate) => candidate.field).join(', '),
        field,
      ),
    ];
  if (spec.unit === null && channel.calibration.kind === 'identity' && canonicalUnit(channel.unit) === null)
    return [
      problem(
        'channels.unknown_unit',
        `${path}.unit`,
        `${device} says the unit of ${field} itself, and no unit converts to ${channel.unit}`,
        knownUnits().join(', '),
        channel.unit,
      ),
    ];
  // A unit the device says itself is known only after identify. A calibration may lead to another dimension.
  const free = spec.unit === null || channel.calibration.kind !== 'identity';
  if (free || convertible(spec.unit, channel.unit)) return [];
  return [
    problem(
      'channels.unit_mismatch',
      `${path}.unit`,
      `${field} of ${device} is in ${spec.unit} and cannot be given in ${channel.unit}`,
      `a unit that ${spec.unit} converts to`,
      channel.unit,
    ),
  ];
}

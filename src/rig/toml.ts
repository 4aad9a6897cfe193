/** Rig ↔ TOML. Reading refuses what it does not know, with path, expected and actual; writing reads back the same. */
import { parse, TomlError } from 'smol-toml';
import * as v from 'valibot';
import type { Problem, Result } from '../record/problem.ts';
import { fail, ok } from '../record/problem.ts';
import type { Json } from '../record/event.ts';
import { checkRig, unknownAdapter } from './check.ts';
import type { RigDeclarations } from './declaration.ts';
import type { Calibration, PortBinding, Rig, RigChannel, RigDevice } from './rig.ts';
import { problemOf, rigSchema, type RigFileChannel, type RigFileDevice } from './schema.ts';
import { tomlTable } from './toml-value.ts';

/** A rig of 64 devices and 1,024 channels is a tenth of this. */
const TEXT_MAX = 1_000_000;

/** `declarations`: the families this build knows, by id. Errors come all at once, in the order of the file. */
export function parseRig(text: string, declarations: RigDeclarations): Result<Rig, Problem[]> {
  const raw = readToml(text);
  if (!raw.ok) return raw;
  const parsed = v.safeParse(rigSchema, raw.value);
  if (!parsed.success) return fail(parsed.issues.map(problemOf));
  const file = parsed.output;
  const problems: Problem[] = [];
  const devices = file.devices.flatMap((device, index) => {
    const result = readDevice(device, index, declarations);
    if (result.ok) return [result.value];
    problems.push(...result.error);
    return [];
  });
  const rig: Rig = {
    name: file.name,
    devices,
    channels: file.channels.map(readChannel),
    storage: {
      partBytesMax: file.storage.part_bytes_max,
      partMinutesMax: file.storage.part_minutes_max,
    },
  };
  // With a device missing every channel on it would be reported as well: first things first.
  if (problems.length > 0) return fail(problems);
  problems.push(...checkRig(rig, declarations));
  return problems.length > 0 ? fail(problems) : ok(rig);
}

function readToml(text: string): Result<unknown, Problem[]> {
  const refuse = (message: string, expected: string, actual: string) =>
    fail([{ severity: 'error' as const, code: 'schema.syntax', path: '', message, expected, actual }]);
  if (text.length > TEXT_MAX)
    return refuse('this file is too long for a rig', `at most ${TEXT_MAX} characters`, String(text.length));
  try {
    return ok(parse(text));
  } catch (error) {
    if (!(error instanceof TomlError)) throw error;
    const words = error.message.split('\n')[0] ?? 'not TOML';
    return refuse(words, 'TOML', `line ${error.line}, column ${error.column}`);
  }
}

function readDevice(
  file: RigFileDevice,
  index: number,
  declarations: RigDeclarations,
): Result<RigDevice, readonly Problem[]> {
  const declaration = declarations.get(file.adapter);
  if (declaration === undefined) return fail([unknownAdapter(index, file.adapter, declarations)]);
  const params = declaration.parseParams(file.params, `devices[${index}].params`);
  if (!params.ok) return fail(params.problems);
  return ok({
    name: file.name,
    adapter: file.adapter,
    port: readPort(file.port),
    params: params.params,
    onFailure: file.on_failure,
  });
}

function readPort(port: RigFileDevice['port']): PortBinding {
  if (port.transport === 'simulated') return port;
  return {
    transport: 'web-serial',
    usbVendorId: port.usb_vendor_id,
    usbProductId: port.usb_product_id,
    index: port.index,
  };
}

function readChannel(file: RigFileChannel): RigChannel {
  const { device, field, instance } = file.source;
  return {
    name: file.name,
    kind: file.kind,
    unit: file.unit,
    source: instance === undefined ? { device, field } : { device, field, instance },
    calibration: readCalibration(file.calibration),
    keepRaw: file.keep_raw,
    plotGroup: file.plot_group,
    decimateToHz: file.decimate_to_hz,
  };
}

function readCalibration(file: RigFileChannel['calibration']): Calibration {
  if (file.kind !== 'linear_two_point') return file;
  return {
    kind: file.kind,
    refLowRaw: file.ref_low_raw,
    refLowValue: file.ref_low_value,
    refHighRaw: file.ref_high_raw,
    refHighValue: file.ref_high_value,
  };
}

/** The same rig, every default written out, keys in the order of the documentation. Ends with a newline. */
export function formatRig(rig: Rig): string {
  const storage = {
    part_bytes_max: rig.storage.partBytesMax,
    part_minutes_max: rig.storage.partMinutesMax,
  };
  const blocks = [
    tomlTable(null, { name: rig.name }),
    ...rig.devices.map(formatDevice),
    ...rig.channels.map(formatChannel),
    tomlTable('[storage]', storage),
  ];
  return `${blocks.join('\n\n')}\n`;
}

function formatDevice(device: RigDevice): string {
  const head = {
    name: device.name,
    adapter: device.adapter,
    port: writePort(device.port),
    on_failure: device.onFailure,
  };
  return `${tomlTable('[[devices]]', head)}\n\n${tomlTable('[devices.params]', device.params)}`;
}

function writePort(port: PortBinding): { readonly [key: string]: Json } {
  if (port.transport === 'simulated') return { transport: port.transport };
  return {
    transport: port.transport,
    usb_vendor_id: port.usbVendorId,
    usb_product_id: port.usbProductId,
    index: port.index,
  };
}

function formatChannel(channel: RigChannel): string {
  const { device, field, instance } = channel.source;
  return tomlTable('[[channels]]', {
    name: channel.name,
    kind: channel.kind,
    unit: channel.unit,
    source: instance === undefined ? { device, field } : { device, field, instance },
    calibration: writeCalibration(channel.calibration),
    keep_raw: channel.keepRaw,
    plot_group: channel.plotGroup,
    decimate_to_hz: channel.decimateToHz,
  });
}

function writeCalibration(calibration: Calibration): { readonly [key: string]: Json } {
  if (calibration.kind !== 'linear_two_point') return { ...calibration };
  return {
    kind: calibration.kind,
    ref_low_raw: calibration.refLowRaw,
    ref_low_value: calibration.refLowValue,
    ref_high_raw: calibration.refHighRaw,
    ref_high_value: calibration.refHighValue,
  };
}

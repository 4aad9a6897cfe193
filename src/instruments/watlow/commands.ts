/** What a Watlow can be told: each write is checked against its range first and read back after. */
import type { Json } from '../../record/event.ts';
import type { CommandOutcome } from '../adapter.ts';
import type { Attribute } from './codec.ts';
import { PARAMETERS, toWireTemperature, wireUnit, type Parameter } from './parameters.ts';
import { read, write, type WatlowSession } from './session.ts';
import type { WireValue } from './value.ts';

type Payload = { readonly [key: string]: Json };

/** The controller keeps setpoints in steps of a tenth of a degree: half a step is equal. */
const FLOAT_TOLERANCE = 0.06;

export async function runCommand(
  session: WatlowSession,
  kind: string,
  payload: Payload,
): Promise<CommandOutcome> {
  switch (kind) {
    case 'set_setpoint':
      return writeParameter(session, { ...payload, name: 'setpoint' });
    case 'write_parameter':
      return writeParameter(session, payload);
    default:
      return refused(`unknown command ${kind}`);
  }
}

/** `value` is °C for temperatures, °C of difference for bands and offsets, else as the device has it. */
async function writeParameter(session: WatlowSession, payload: Payload): Promise<CommandOutcome> {
  const { name, value, instance = 1 } = payload;
  const parameter = typeof name === 'string' ? PARAMETERS.get(name) : undefined;
  if (parameter === undefined)
    return refused(`parameter: expected a known name, got ${JSON.stringify(name)}`);
  if (parameter.write === null) return refused(`${parameter.name} can only be read`);
  if (typeof instance !== 'number' || !Number.isInteger(instance) || instance < 1 || instance > 4) {
    return refused(`instance: expected 1 to 4, got ${JSON.stringify(instance)}`);
  }
  if (typeof value !== 'number' || !Number.isFinite(value)) {
    return refused(`${parameter.name}: expected a number, got ${JSON.stringify(value ?? null)}`);
  }
  const { celsius } = parameter;
  if (celsius !== undefined && (value < celsius.min || value > celsius.max))
    return refused(`${parameter.name}: expected ${celsius.min} to ${celsius.max} °C, got ${value} °C`);
  const wire = toWire(session, parameter, value);
  const { min, max } = parameter.write;
  if (wire < min || wire > max || (parameter.type !== 'float' && !Number.isInteger(wire))) {
    return refused(`${parameter.name}: expected ${min} to ${max} on the wire, got ${wire}`);
  }
  return writeAndReadBack(session, parameter, { id: parameter.id, instance }, wire);
}

function toWire(session: WatlowSession, { quantity }: Parameter, value: number): number {
  if (quantity === 'temperature') return toWireTemperature(value, session.temperature);
  if (quantity === 'difference' && session.temperature === 'F') return (value * 9) / 5;
  return value;
}

async function writeAndReadBack(
  session: WatlowSession,
  parameter: Parameter,
  attribute: Attribute,
  wire: number,
): Promise<CommandOutcome> {
  const value = { type: parameter.type, value: wire } as WireValue;
  const sent = {
    parameter: parameter.name,
    instance: attribute.instance,
    wire,
    wire_unit: wireUnit(parameter.quantity, session.temperature),
  };
  const written = await write(session, attribute, value);
  if (!written.ok && written.code === 'nak') return { accepted: false, detail: written.detail, sent };
  // A request that clears itself has nothing to read back: its echo is the proof.
  if (parameter.name === 'alarm_clear' || parameter.name === 'alarm_silence') {
    return { accepted: written.ok, detail: written.ok ? 'ok' : written.detail, sent };
  }
  const back = await read(session, attribute);
  if (!back.ok) return { accepted: false, detail: `${parameter.name} not confirmed: ${back.detail}`, sent };
  const shown = back.value.value;
  const tolerance = parameter.type === 'float' ? FLOAT_TOLERANCE : 0;
  if (typeof shown === 'number' && Math.abs(shown - wire) <= tolerance)
    return { accepted: true, detail: 'ok', sent };
  return { accepted: false, detail: `${parameter.name}: asked ${wire}, device shows ${String(shown)}`, sent };
}

function refused(detail: string): CommandOutcome {
  return { accepted: false, detail, sent: {} };
}

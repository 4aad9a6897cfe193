/** Reads and writes of one controller, and what its identity is made of. */
import type { Exchange, ExchangeCode, ExchangeLine, Identity } from '../adapter.ts';
import { readRequest, readScanner, writeRequest, writeScanner, type Attribute } from './codec.ts';
import { wireUnit, type TemperatureUnit } from './parameters.ts';
import type { WireValue } from './value.ts';

export interface WatlowSession {
  readonly line: ExchangeLine;
  readonly address: number;
  readonly timeoutMs: number;
  readonly temperature: TemperatureUnit;
}

/** A read is retried once: a flipped bit costs one round trip, a silent device only one more timeout. */
export function read(session: WatlowSession, attribute: Attribute): Promise<Exchange<WireValue>> {
  const { line, address, timeoutMs } = session;
  const options = { timeoutMs, retries: 1 };
  return line.exchange(readRequest(address, attribute), readScanner(address, attribute), options);
}

/** Never repeated (`spec/protocols.md` §0.3). */
export function write(
  session: WatlowSession,
  attribute: Attribute,
  value: WireValue,
): Promise<Exchange<WireValue>> {
  const { line, address, timeoutMs } = session;
  const options = { timeoutMs, retries: 0 };
  return line.exchange(writeRequest(address, attribute, value), writeScanner(address, attribute), options);
}

const HARDWARE: { readonly [id: number]: string } = { 19: 'Freescale', 28: 'ARM' };

/** 1001 is small and always there; the rest may be missing on a relative of the PM. */
export async function identifyWatlow(
  session: WatlowSession,
): Promise<{ ok: true; identity: Identity } | { ok: false; code: ExchangeCode; detail: string }> {
  const hardware = await read(session, { id: 1001, instance: 1 });
  if (!hardware.ok) return { ok: false, code: hardware.code, detail: hardware.detail };
  const part = await ask(session, 1009);
  const name = await ask(session, 1011);
  const revision = await ask(session, 1003);
  const serial = await ask(session, 1007);
  const power = await ask(session, 8033);
  const process = await ask(session, 4001);
  const code = hardware.value.value;
  const unit = wireUnit('temperature', session.temperature) ?? '';
  return {
    ok: true,
    identity: {
      manufacturer: 'Watlow',
      model: String(part ?? name ?? 'EZ-ZONE'),
      serial: serial === null ? '' : String(serial),
      firmware: revision === null ? '' : String(revision),
      extra: {
        address: session.address,
        device_name: name,
        hardware: typeof code === 'number' ? (HARDWARE[code] ?? `id ${code}`) : null,
        output_power_percent: typeof power === 'number' ? power : null,
        [`process_value_${session.temperature.toLowerCase()}`]: typeof process === 'number' ? process : null,
      },
      fieldUnits: { process_value: unit, setpoint: unit, control_process_value: unit, output_power: '%' },
      fullScale: { output_power: 100 },
    },
  };
}

async function ask(session: WatlowSession, id: number): Promise<number | string | null> {
  const reply = await read(session, { id, instance: 1 });
  if (!reply.ok || reply.value.type === 'packed') return null;
  const { value } = reply.value;
  return typeof value === 'number' && !Number.isFinite(value) ? null : value;
}

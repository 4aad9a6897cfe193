/** The parameters an acquisition app needs (`spec/protocols.md` §2.4), by the names rigs and commands use. */
import type { WireType } from './value.ts';

/** What a number is: temperatures are °F on this bus, differences of temperature have no zero to shift. */
export type Quantity = 'temperature' | 'difference' | 'percent' | 'seconds' | 'code' | 'text';

export interface Parameter {
  readonly name: string;
  /** Manual number: class × 1000 + member. */
  readonly id: number;
  readonly type: WireType;
  readonly quantity: Quantity;
  /** Bounds of the value on the wire; null = may not be written from here. */
  readonly write: { readonly min: number; readonly max: number } | null;
  /** Bounds of a temperature in °C, whatever the wire speaks: where it is narrower than the device's own. */
  readonly celsius?: { readonly min: number; readonly max: number };
}

/** What a furnace can be asked for: a type K thermocouple measures this far. The device itself takes −1999…9999. */
export const SETPOINT_C = { min: -200, max: 1371 };
/** An alarm may lie where nothing ever comes, but not below absolute zero. */
const ALARM_C = { min: -273.15, max: 5537 };

const CODE = { min: 0, max: 0xffff };
const SETPOINT = { min: -1999, max: 9999 };
/** The sheet gives no ranges for the tuning values; the device refuses what it cannot use. */
const TUNING = { min: 0, max: 99_999 };

function parameter(
  name: string,
  id: number,
  type: WireType,
  quantity: Quantity,
  write: Parameter['write'] = null,
  celsius?: Parameter['celsius'],
): Parameter {
  const entry = { name, id, type, quantity, write };
  return celsius === undefined ? entry : { ...entry, celsius };
}

/** 17009 (protocol) is left out on purpose: written on a unit without the Modbus option, nothing answers again (§2.7). */
const LIST: readonly Parameter[] = [
  parameter('process_value', 4001, 'float', 'temperature'),
  parameter('setpoint', 7001, 'float', 'temperature', SETPOINT, SETPOINT_C),
  parameter('output_power', 8033, 'float', 'percent'),
  parameter('heat_power', 8011, 'float', 'percent'),
  parameter('cool_power', 8014, 'float', 'percent'),
  parameter('control_process_value', 8031, 'float', 'temperature'),
  parameter('input_error', 4002, 'enum', 'code'),
  parameter('device_status', 1016, 'enum', 'code'),
  parameter('control_mode', 8001, 'enum', 'code', CODE),
  parameter('control_mode_active', 8002, 'enum', 'code'),
  parameter('calibration_offset', 4012, 'float', 'difference', SETPOINT),
  parameter('filter_time', 4014, 'float', 'seconds', { min: 0, max: 60 }),
  parameter('heat_algorithm', 8003, 'enum', 'code', CODE),
  parameter('cool_algorithm', 8004, 'enum', 'code', CODE),
  parameter('integral', 8006, 'float', 'seconds', TUNING),
  parameter('derivative', 8007, 'float', 'seconds', TUNING),
  parameter('dead_band', 8008, 'float', 'difference', SETPOINT),
  parameter('heat_proportional_band', 8009, 'float', 'difference', TUNING),
  parameter('cool_proportional_band', 8012, 'float', 'difference', TUNING),
  parameter('autotune_request', 8026, 'enum', 'code', CODE),
  parameter('autotune_status', 8027, 'enum', 'code'),
  parameter('alarm_high', 9001, 'float', 'temperature', SETPOINT, ALARM_C),
  parameter('alarm_low', 9002, 'float', 'temperature', SETPOINT, ALARM_C),
  parameter('alarm_state', 9009, 'enum', 'code'),
  parameter('alarm_clear', 9013, 'u8', 'code', { min: 0, max: 0 }),
  parameter('alarm_silence', 9014, 'u8', 'code', { min: 0, max: 0 }),
  parameter('display_units', 17050, 'enum', 'code', CODE),
  parameter('save_to_memory', 17051, 'enum', 'code', CODE),
];

export const PARAMETERS: ReadonlyMap<string, Parameter> = new Map(LIST.map((entry) => [entry.name, entry]));

/** Those that make sense to poll; clear and silence are requests. */
export const POLLABLE: readonly string[] = LIST.map(({ name }) => name).filter(
  (name) => !['alarm_clear', 'alarm_silence', 'autotune_request'].includes(name),
);

export type TemperatureUnit = 'F' | 'C';

/** Unit of the value on the wire; null for codes and text. */
export function wireUnit(quantity: Quantity, temperature: TemperatureUnit): string | null {
  switch (quantity) {
    case 'temperature':
      return `°${temperature}`;
    case 'difference':
      return `Δ°${temperature}`;
    case 'percent':
      return '%';
    case 'seconds':
      return 's';
    case 'code':
    case 'text':
      return null;
  }
}

export function toWireTemperature(celsius: number, temperature: TemperatureUnit): number {
  return temperature === 'F' ? (celsius * 9) / 5 + 32 : celsius;
}

export function fromWireTemperature(wire: number, temperature: TemperatureUnit): number {
  return temperature === 'F' ? ((wire - 32) * 5) / 9 : wire;
}

/** Input error 4002. */
export const NO_INPUT_ERROR = 61;
const INPUT_ERRORS: { readonly [code: number]: string } = { 61: 'none', 65: 'open', 127: 'shorted' };

export function inputErrorText(code: number): string {
  return INPUT_ERRORS[code] ?? `input error ${code}`;
}

import type { ChannelSource, FieldSpec } from '../rig/channel-source.ts';
import type { DeviceSchema } from '../rig/device-schema.ts';
import type { Adapter, AdapterContext } from './adapter.ts';
import type { Params, ParamsResult } from './params.ts';
import type { Simulator, SimulatorContext } from './simulator.ts';

export interface LineSettings {
  readonly baudRate: number;
  readonly dataBits: 7 | 8;
  readonly parity: 'none' | 'even' | 'odd';
  readonly stopBits: 1 | 2;
  readonly flowControl: 'none' | 'hardware';
}

export type { ChannelSource, FieldSpec };

export interface ArgumentSpec {
  readonly name: string;
  readonly title: string;
  readonly type: 'number' | 'string' | 'bool';
  readonly unit?: string;
  /** Where the unit is the device's own: the field it reports it for. */
  readonly unitField?: string;
  readonly min?: number;
  readonly max?: number;
  /** What stands in the form before anyone types. */
  readonly default?: number | string | boolean;
}

export interface CommandSpec {
  readonly kind: string;
  readonly title: string;
  readonly arguments: readonly ArgumentSpec[];
  readonly confirm: 'none' | 'modal';
}

/** Pure data about a family: what the UI, the rig loader and the seal need to know. In `<family>/family.ts`. */
export interface FamilyDeclaration extends DeviceSchema {
  readonly title: string;
  readonly fields: readonly FieldSpec[];
  readonly commands: readonly CommandSpec[];
  /** Lines to try when nobody knows the baud rate, likeliest first. */
  readonly lines: readonly LineSettings[];
  readonly identifyTimeoutMs: number;
  /** Longest time one exchange may hold the wire, ms (bounds emergency stop and disarm). */
  readonly frameLimitMs: number;
  /** Checks raw TOML params; `path` prefixes problem paths. */
  parseParams(raw: { readonly [key: string]: unknown }, path: string): ParamsResult;
  /** Line for a device whose params are known. */
  lineOf(params: Params): LineSettings;
}

/** A family as `instruments/registry.ts` lists it: declaration plus the two factories. */
export interface Family {
  readonly declaration: FamilyDeclaration;
  createAdapter(context: AdapterContext): Adapter;
  createSimulator(context: SimulatorContext): Simulator;
}

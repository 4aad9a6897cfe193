import type { Json } from '../record/event.ts';
import type { Problem } from '../record/problem.ts';
import type { FieldSpec } from './channel-source.ts';

/** Validated params of a device, defaults filled by its family. */
export interface DeviceParams {
  readonly rate_hz: number;
  readonly [key: string]: Json;
}

/** Two devices may share a port only when these agree. */
export interface RigLine {
  readonly baudRate: number;
  readonly dataBits: 7 | 8;
  readonly parity: 'none' | 'even' | 'odd';
  readonly stopBits: 1 | 2;
  readonly flowControl: 'none' | 'hardware';
}

/** What the rig loader must know of a family. Structural, so that `rig` need not import the instruments. */
export interface RigDeclaration {
  readonly id: string;
  readonly fields: readonly FieldSpec[];
  readonly commands: readonly { readonly kind: string }[];
  /** `path` prefixes the paths of problems, `devices[0].params`. */
  parseParams(
    raw: { readonly [key: string]: unknown },
    path: string,
  ):
    | { readonly ok: true; readonly params: DeviceParams }
    | { readonly ok: false; readonly problems: readonly Problem[] };
  lineOf(params: DeviceParams): RigLine;
}

/** By family id, the word `adapter` in a rig. */
export type RigDeclarations = ReadonlyMap<string, RigDeclaration>;

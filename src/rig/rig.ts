import type { ChannelSource, FieldSpec } from './channel-source.ts';
import type { Json } from '../record/event.ts';

export type { ChannelSource };

/** Which wire a device hangs on. Devices with equal ports share a worker, so the wire stays serial. */
export type PortBinding =
  | { readonly transport: 'simulated' }
  | {
      readonly transport: 'web-serial';
      readonly usbVendorId: number;
      readonly usbProductId: number;
      /** Which of several equal adapters, in the browser's order, from 0. */
      readonly index: number;
    };

export interface RigDevice {
  readonly name: string;
  /** Family id. */
  readonly adapter: string;
  readonly port: PortBinding;
  /** Validated by the family, defaults filled. */
  readonly params: { readonly rate_hz: number; readonly [key: string]: Json };
  readonly onFailure: 'warn' | 'abort';
}

export type Calibration =
  | { readonly kind: 'identity' }
  | {
      readonly kind: 'linear_two_point';
      readonly refLowRaw: number;
      readonly refLowValue: number;
      readonly refHighRaw: number;
      readonly refHighValue: number;
    }
  | { readonly kind: 'polynomial'; readonly coefficients: readonly number[] };

export interface RigChannel {
  readonly name: string;
  readonly kind: FieldSpec['channelKind'];
  /** Unit of the calibrated value. */
  readonly unit: string;
  readonly source: ChannelSource;
  readonly calibration: Calibration;
  readonly keepRaw: boolean;
  readonly plotGroup: string;
  readonly decimateToHz: number;
}

export interface RigStorage {
  /** Journal rotation: bytes and minutes, whichever first. */
  readonly partBytesMax: number;
  readonly partMinutesMax: number;
}

/** A rig as loaded: every default filled. The TOML form is `rig/toml.ts`. */
export interface Rig {
  readonly name: string;
  readonly devices: readonly RigDevice[];
  readonly channels: readonly RigChannel[];
  readonly storage: RigStorage;
}

/** Name of the wire of a port: journal topic `/wire/<port>`, one instrument worker each. */
export function portName(port: PortBinding): string {
  if (port.transport === 'simulated') return 'simulated';
  const hex = (n: number) => n.toString(16).padStart(4, '0');
  return `usb-${hex(port.usbVendorId)}-${hex(port.usbProductId)}-${port.index}`;
}

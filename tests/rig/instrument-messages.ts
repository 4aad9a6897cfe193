import type { SimFault } from '../../src/instruments/simulator.ts';
import type { UsbIdentity, WireEntry } from './pty-port.ts';

/** One simulated instrument on its own pty. */
export interface InstrumentSpec {
  readonly id: string;
  /** Family id of `src/instruments/registry.ts`. */
  readonly family: string;
  /** As a rig file has them; the family fills the defaults. */
  readonly params: {
    readonly [key: string]: string | number | boolean | readonly number[] | readonly string[];
  };
  readonly usb: UsbIdentity;
  readonly seed: number;
}

export interface InstrumentStats {
  readonly plugged: boolean;
  readonly answered: number;
  readonly bytesSent: number;
  readonly bytesReceived: number;
  readonly stalls: number;
  readonly waiting: number;
}

/** What the parent may ask of the instrument process, by name. */
export interface InstrumentOperations {
  prepare(spec: InstrumentSpec): void;
  plug(id: string): void;
  unplug(id: string): void;
  inject(id: string, fault: SimFault): void;
  /** Bytes to the host that nobody asked for. */
  babble(id: string, bytes: Uint8Array): void;
  /** Break or parity error as the kernel would mark it. */
  lineError(id: string, marked: Uint8Array): void;
  stats(id: string): InstrumentStats;
  /** Every byte of every insertion so far, oldest first. */
  wire(id: string): WireEntry[];
  lineLog(id: string): string[];
}

export type InstrumentRequest = {
  readonly call: number;
  readonly operation: keyof InstrumentOperations;
  readonly args: readonly unknown[];
};
export type InstrumentAnswer =
  | { readonly call: number; readonly ok: true; readonly value: unknown }
  | { readonly call: number; readonly ok: false; readonly error: string };

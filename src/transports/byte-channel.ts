import type { HostMs } from '../record/clock.ts';
import type { Result } from '../record/problem.ts';

/** Line settings as opened; the same shape the families declare. */
export interface ChannelLine {
  readonly baudRate: number;
  readonly dataBits: 7 | 8;
  readonly parity: 'none' | 'even' | 'odd';
  readonly stopBits: 1 | 2;
  readonly flowControl: 'none' | 'hardware';
}

/** `lost` ends the channel; the others leave it open: the next read goes on. */
export type ChannelError = {
  readonly code: 'lost' | 'break' | 'framing' | 'parity' | 'overrun' | 'busy' | 'closed' | 'not_found';
  readonly detail: string;
};

/** Bytes with the time the reading thread saw them. Never empty. */
export interface Chunk {
  readonly bytes: Uint8Array;
  readonly tHostMs: HostMs;
}

/**
 * One open wire. One reader, one writer. Errors are values; nothing throws but misuse (read before open).
 * Web Serial, USB chips and the simulated channel pass `tests/contract/byte-channel.ts`.
 */
export interface ByteChannel {
  open(line: ChannelLine): Promise<Result<void, ChannelError>>;
  /** Waits for bytes. After `lost` or close every read gives an error. */
  read(): Promise<Result<Chunk, ChannelError>>;
  /** Resolves when the bytes are handed to the device's buffer, with the time of that. */
  write(bytes: Uint8Array): Promise<Result<HostMs, ChannelError>>;
  setSignals(signals: {
    readonly dataTerminalReady?: boolean;
    readonly requestToSend?: boolean;
  }): Promise<Result<void, ChannelError>>;
  /** Idempotent. A pending read ends with `closed`. */
  close(): Promise<void>;
}

/** Where a channel of one port comes from: waits for the hardware and makes channels to it. */
export interface PortSource {
  /** Resolves with a closed channel as soon as the port is present; rejects only by the signal. */
  find(signal: AbortSignal): Promise<ByteChannel>;
  /** What hangs on the port found last is not what was wanted: the next `find` tries another, if there is one. */
  refuse?(): void;
}

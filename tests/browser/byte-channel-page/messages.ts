import type { ChannelLine } from '../../../src/transports/byte-channel.ts';

/** What a test asks of the channels in the worker; bytes travel as base64, which `page.evaluate` carries untouched. */
export type ChannelRequest =
  | {
      readonly operation: 'find';
      readonly usbVendorId: number;
      readonly usbProductId: number;
      readonly withinMs: number;
    }
  | { readonly operation: 'open'; readonly channel: number; readonly line: ChannelLine }
  | { readonly operation: 'read'; readonly channel: number }
  | { readonly operation: 'write'; readonly channel: number; readonly base64: string }
  | {
      readonly operation: 'signals';
      readonly channel: number;
      readonly signals: { readonly dataTerminalReady?: boolean; readonly requestToSend?: boolean };
    }
  | { readonly operation: 'close'; readonly channel: number };

/** A `Result` of the channel, its bytes as base64. */
export type ChannelAnswer =
  | { readonly ok: true; readonly number: number; readonly base64: string }
  | { readonly ok: false; readonly error: { readonly code: string; readonly detail: string } };

export function toBase64(bytes: Uint8Array): string {
  let text = '';
  for (let at = 0; at < bytes.length; at += 8192)
    text += String.fromCharCode(...bytes.subarray(at, at + 8192));
  return btoa(text);
}

export function fromBase64(base64: string): Uint8Array {
  return Uint8Array.from(atob(base64), (char) => char.charCodeAt(0));
}

/** Instrument worker of the bench: a real serial port, every byte of it into the journal, nothing asked. */
import { WebSerialPortSource } from '../../../src/transports/web-serial-source.ts';
import type { ByteChannel } from '../../../src/transports/byte-channel.ts';
import { hostClock } from '../../../src/wire/host-clock.ts';
import { serveBenchInstrument, type Production } from './bench-instrument.ts';
import { floodByte } from './load.ts';

const FIND_WITHIN_MS = 20_000;
const LINE = { baudRate: 921_600, dataBits: 8, parity: 'none', stopBits: 1, flowControl: 'none' } as const;

let channel: ByteChannel | null = null;
let port = '';
let at = 0;
let wrongAt: number | null = null;

/** `usb-be5c-0001-0` names the port to open. */
async function begin(resource: string): Promise<void> {
  if (channel !== null) return;
  const [, vendor = '', product = '', index = ''] = resource.split('-');
  const wanted = {
    usbVendorId: parseInt(vendor, 16),
    usbProductId: parseInt(product, 16),
    index: Number(index),
  };
  const source = new WebSerialPortSource(navigator.serial, wanted, hostClock);
  channel = await source.find(AbortSignal.timeout(FIND_WITHIN_MS));
  const opened = await channel.open(LINE);
  if (!opened.ok) throw new Error(`${resource}: ${opened.error.detail}`);
  port = resource;
}

/** Until disarmed and the line is quiet: what was sent before the end belongs to the run. */
async function produce({ device, running, emit }: Production): Promise<void> {
  if (channel === null) throw new Error('no port');
  for (let quiet = false; running() || !quiet;) {
    const silence = new Promise<null>((resolve) => setTimeout(() => resolve(null), 300));
    reading ??= channel.read();
    const chunk = await Promise.race([reading, silence]);
    quiet = chunk === null;
    if (chunk === null) continue;
    reading = null;
    if (!chunk.ok) throw new Error(`${port}: ${chunk.error.code} ${chunk.error.detail}`);
    const { bytes, tHostMs } = chunk.value;
    for (const byte of bytes) {
      if (byte !== floodByte(at)) wrongAt ??= at;
      at += 1;
    }
    const item = {
      type: 'wire',
      tHostMs,
      port,
      device,
      direction: 'rx',
      exchange: 0,
      job: 'free_run',
      bytes,
    } as const;
    await emit([item], bytes.length, tHostMs);
  }
}
let reading: ReturnType<ByteChannel['read']> | null = null;

serveBenchInstrument({ begin, produce, wrongAt: () => wrongAt });

import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import type { ByteChannel, ChannelLine } from '../../src/transports/byte-channel.ts';
import { byteChannelContract } from '../contract/byte-channel.ts';
import { expectNothingOpen } from '../rig/open-work.ts';
import { waitUntil } from '../rig/wait-until.ts';
import { SerialBench } from './serial-bench.ts';

const LINE: ChannelLine = { baudRate: 115200, dataBits: 8, parity: 'none', stopBits: 1, flowControl: 'none' };
const MIB = 1024 * 1024;
/** Every byte value, no period a lost block would hide in. */
const pattern = (length: number): Uint8Array =>
  Uint8Array.from({ length }, (_, at) => (at * 31 + (at >> 8)) & 255);

describe('Web Serial in a dedicated worker, over a pty', () => {
  let bench: SerialBench;
  let open: ByteChannel[] = [];
  beforeAll(async () => {
    bench = await SerialBench.start();
  });
  afterAll(async () => {
    const { complaints } = bench.chromium;
    await bench.end();
    await expectNothingOpen();
    expect(complaints).toEqual([]);
  });
  afterEach(async () => {
    for (const channel of open) await channel.close();
    open = [];
  });

  async function opened(line: ChannelLine = LINE): Promise<ByteChannel> {
    const channel = await bench.find();
    open.push(channel);
    expect(await channel.open(line)).toMatchObject({ ok: true });
    return channel;
  }

  async function readBytes(channel: ByteChannel, count: number): Promise<Uint8Array> {
    const chunks: Uint8Array[] = [];
    for (let got = 0; got < count;) {
      const chunk = await channel.read();
      if (!chunk.ok) throw new Error(`${chunk.error.code} after ${got} bytes: ${chunk.error.detail}`);
      expect(chunk.value.bytes.length).toBeGreaterThan(0);
      got += chunk.value.bytes.length;
      chunks.push(chunk.value.bytes);
    }
    return Buffer.concat(chunks);
  }

  it('loses nothing of 2 MiB at 921,600 baud', async () => {
    const channel = await opened({ ...LINE, baudRate: 921_600 });
    expect(bench.port.lineLog().findLast((line) => line.startsWith('CFG'))).toBe('CFG 921600 8n1 rtscts=0');
    const bytes = pattern(2 * MIB);
    bench.port.send(bytes);
    expect(Buffer.compare(await readBytes(channel, bytes.length), bytes)).toBe(0);
  });

  it('stamps chunks with the time the worker saw them', async () => {
    const channel = await opened();
    const sentMs = Date.now();
    bench.port.send(Uint8Array.of(65));
    const chunk = await channel.read();
    if (!chunk.ok) throw new Error(chunk.error.detail);
    expect(chunk.value.tHostMs).toBeGreaterThan(sentMs - 20);
    expect(chunk.value.tHostMs).toBeLessThan(Date.now() + 20);
  });

  it.each([
    [{ ...LINE, baudRate: 9600, dataBits: 7, parity: 'even' }, 'CFG 9600 7e1 rtscts=0'],
    [{ ...LINE, baudRate: 38400, parity: 'odd', stopBits: 2 }, 'CFG 38400 8o2 rtscts=0'],
    [{ ...LINE, baudRate: 500_000, flowControl: 'hardware' }, 'CFG 500000 8n1 rtscts=1'],
  ] as const)('sets the line as asked: %o', async (line, seen) => {
    await opened(line);
    expect(bench.port.lineLog().findLast((entry) => entry.startsWith('CFG'))).toBe(seen);
  });

  it('drives DTR and RTS', async () => {
    const channel = await opened();
    expect(await channel.setSignals({ dataTerminalReady: true, requestToSend: false })).toMatchObject({
      ok: true,
    });
    expect(bench.port.lineLog()).toEqual(expect.arrayContaining(['DTR 1', 'RTS 0']));
  });

  it.each([
    ['break', LINE, Uint8Array.of(0xff, 0x00, 0x00)],
    ['parity', { ...LINE, parity: 'even' }, Uint8Array.of(0xff, 0x00, 0x41)],
  ] as const)('tells a %s error and reads on', async (code, line, marked) => {
    const channel = await opened(line);
    const reading = channel.read();
    await sleep(100);
    bench.port.injectLineError(marked);
    expect(await reading).toMatchObject({ ok: false, error: { code } });
    const after = await readBytes(channel, 1);
    expect(after[0]).toBe(0x21);
  });

  byteChannelContract('Web Serial', async () => {
    // Each test on a port newly plugged in, with nothing of the last one in its buffers.
    await bench.unplug();
    await bench.plug();
    const got = () =>
      Buffer.concat(bench.port.wire.filter((piece) => piece.direction === 'tx').map(({ bytes }) => bytes));
    return {
      channel: () => bench.find(),
      deviceSends: (bytes) => Promise.resolve(bench.port.send(bytes)),
      deviceGot: (count) =>
        waitUntil(`${count} bytes at the device`, 5000, () => got().length >= count && got()),
      unplug: () => bench.unplug(),
      plug: () => bench.plug(),
      dispose: () => Promise.resolve(),
    };
  });
});

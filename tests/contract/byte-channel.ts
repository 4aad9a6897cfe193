/**
 * What every byte channel promises (`src/transports/byte-channel.ts`), as one suite. The simulated one runs it here;
 * a real Web Serial port runs it in Chromium through the same harness.
 */
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { ByteChannel, ChannelLine } from '../../src/transports/byte-channel.ts';

export interface ChannelHarness {
  /** A fresh, closed channel to the one port of this harness. */
  channel(): Promise<ByteChannel>;
  /** The device sends these bytes now. */
  deviceSends(bytes: Uint8Array): Promise<void>;
  /** Everything the device got so far. Waits until at least `count` bytes are there. */
  deviceGot(count: number): Promise<Uint8Array>;
  unplug(): Promise<void>;
  plug(): Promise<void>;
  dispose(): Promise<void>;
}

export interface ChannelContractExceptions {
  /** Two channel objects on one port are refused only between threads, not within one. */
  readonly doubleOpenIsSameObject?: boolean;
}

const LINE: ChannelLine = {
  baudRate: 115200,
  dataBits: 8,
  parity: 'none',
  stopBits: 1,
  flowControl: 'none',
};

export function byteChannelContract(
  name: string,
  makeHarness: () => Promise<ChannelHarness>,
  exceptions: ChannelContractExceptions = {},
): void {
  describe(`byte channel: ${name}`, () => {
    let harness: ChannelHarness;
    const open: ByteChannel[] = [];

    beforeEach(async () => {
      harness = await makeHarness();
    });
    afterEach(async () => {
      for (const channel of open.splice(0)) await channel.close();
      await harness.dispose();
    });

    async function opened(): Promise<ByteChannel> {
      const channel = await harness.channel();
      open.push(channel);
      expect(await channel.open(LINE)).toEqual({ ok: true, value: undefined });
      return channel;
    }

    /** Reads until `count` bytes came; chunks may be split anywhere but are never empty. */
    async function readBytes(channel: ByteChannel, count: number): Promise<number[]> {
      const got: number[] = [];
      let lastMs = 0;
      while (got.length < count) {
        const chunk = await channel.read();
        if (!chunk.ok) throw new Error(`${chunk.error.code} after ${got.length} bytes`);
        expect(chunk.value.bytes.length).toBeGreaterThan(0);
        expect(chunk.value.tHostMs).toBeGreaterThanOrEqual(lastMs);
        lastMs = chunk.value.tHostMs;
        got.push(...chunk.value.bytes);
      }
      return got;
    }

    it('carries every byte value both ways, in order', async () => {
      const channel = await opened();
      const all = Uint8Array.from({ length: 256 }, (_none, value) => value);
      await harness.deviceSends(all);
      expect(await readBytes(channel, 256)).toEqual([...all]);
      const written = await channel.write(all);
      expect(written.ok && Number.isFinite(written.value)).toBe(true);
      expect([...(await harness.deviceGot(256))]).toEqual([...all]);
    });

    it('keeps the order of writes', async () => {
      const channel = await opened();
      for (const byte of [1, 2, 3]) await channel.write(Uint8Array.of(byte));
      expect([...(await harness.deviceGot(3))]).toEqual([1, 2, 3]);
    });

    it('keeps what came before anybody read', async () => {
      const channel = await opened();
      await harness.deviceSends(Uint8Array.of(7, 8));
      await harness.deviceSends(Uint8Array.of(9));
      expect(await readBytes(channel, 3)).toEqual([7, 8, 9]);
    });

    it('wakes a pending read', async () => {
      const channel = await opened();
      const reading = channel.read();
      await harness.deviceSends(Uint8Array.of(42));
      const chunk = await reading;
      expect(chunk.ok && [...chunk.value.bytes]).toEqual([42]);
    });

    it('ends a pending read with `closed` when it is closed', async () => {
      const channel = await opened();
      const reading = channel.read();
      await channel.close();
      expect(await reading).toMatchObject({ ok: false, error: { code: 'closed' } });
    });

    it('answers `closed` for ever after close, which may be called again', async () => {
      const channel = await opened();
      await channel.close();
      await channel.close();
      expect(await channel.read()).toMatchObject({ ok: false, error: { code: 'closed' } });
      expect(await channel.write(Uint8Array.of(1))).toMatchObject({ ok: false, error: { code: 'closed' } });
      expect(await channel.open(LINE)).toMatchObject({ ok: false, error: { code: 'closed' } });
    });

    it('refuses to be opened twice', async () => {
      const channel = await opened();
      expect(await channel.open(LINE)).toMatchObject({ ok: false, error: { code: 'busy' } });
    });

    it.skipIf(exceptions.doubleOpenIsSameObject === true)(
      'refuses a second channel on the same port',
      async () => {
        await opened();
        const second = await harness.channel();
        expect(await second.open(LINE)).toMatchObject({ ok: false, error: { code: 'busy' } });
      },
    );

    it('can be followed by another channel once it is closed', async () => {
      const first = await opened();
      await first.close();
      const second = await opened();
      await harness.deviceSends(Uint8Array.of(5));
      expect(await readBytes(second, 1)).toEqual([5]);
    });

    it('ends a pending read with `lost` when the device goes, and stays lost', async () => {
      const channel = await opened();
      const reading = channel.read();
      await harness.unplug();
      expect(await reading).toMatchObject({ ok: false, error: { code: 'lost' } });
      expect(await channel.read()).toMatchObject({ ok: false, error: { code: 'lost' } });
      expect(await channel.write(Uint8Array.of(1))).toMatchObject({ ok: false, error: { code: 'lost' } });
      await channel.close();
    });

    it('is replaced by a new channel after a replug', async () => {
      const channel = await opened();
      const reading = channel.read();
      await harness.unplug();
      await reading;
      await channel.close();
      await harness.plug();
      const next = await opened();
      await harness.deviceSends(Uint8Array.of(11));
      expect(await readBytes(next, 1)).toEqual([11]);
    });

    it('throws on misuse: reading before open, or twice at once', async () => {
      const channel = await harness.channel();
      await expect(async () => channel.read()).rejects.toThrow('before open');
      await channel.open(LINE);
      open.push(channel);
      const reading = channel.read();
      await expect(async () => channel.read()).rejects.toThrow('second read');
      await channel.close();
      await reading;
    });
  });
}

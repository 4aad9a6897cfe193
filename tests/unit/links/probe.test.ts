import { describe, expect, it } from 'vitest';
import { probePort } from '../../../src/links/probe.ts';
import { searchPort } from '../../../src/links/search.ts';
import type { ChannelLine, PortSource } from '../../../src/transports/byte-channel.ts';
import type { DeviceView } from '../../../src/wire/messages.ts';
import { SimulatedPort } from '../../../src/transports/simulated.ts';
import { NO_COUNTERS } from './bench.ts';
import { TOY, ToySimulator } from './toy.ts';
import { VirtualClock } from './virtual-clock.ts';

const PORT = { transport: 'web-serial', usbVendorId: 0x0403, usbProductId: 0x6001, index: 1 } as const;
const families = new Map([['toy', TOY]]);

/** A toy that understands only one baud rate. */
function bench(baudRate: number) {
  const clock = new VirtualClock();
  const simulator = new ToySimulator();
  const port = new SimulatedPort({ instrument: simulator, clock });
  const lines: ChannelLine[] = [];
  const source: PortSource = {
    find: async (signal) => {
      const channel = await port.find(signal);
      const open = channel.open.bind(channel);
      channel.open = (line) => {
        lines.push(line);
        simulator.speaks = line.baudRate === baudRate;
        return open(line);
      };
      return channel;
    },
  };
  return { clock, source, lines, port };
}

describe('probe', () => {
  it('tries line after line until somebody answers, and offers device and channels', async () => {
    const { clock, source, lines } = bench(115200);
    const { signal } = new AbortController();
    const probing = probePort({ source, port: PORT, families, clock, signal, onTry: () => undefined });
    await clock.advance(2000);
    const { found, tried } = await probing;
    expect(lines.map(({ baudRate }) => baudRate)).toEqual([9600, 115200]);
    expect(tried).toEqual(['Toy at 9600 8N1', 'Toy at 115200 8N1']);
    expect(found).toMatchObject({
      family: 'toy',
      identity: { serial: 'T1' },
      device: { name: 'toy_2', adapter: 'toy', port: PORT, params: { rate_hz: 10, baud: 115200 } },
    });
    expect(found?.channels).toEqual([
      {
        name: 'toy_2.value',
        kind: 'mfc_flow',
        unit: 'SCCM',
        source: { device: 'toy_2', field: 'value' },
        calibration: { kind: 'identity' },
        keepRaw: true,
        plotGroup: 'flows',
        decimateToHz: 60,
      },
    ]);
  });

  it('says what was asked when nobody answers, in bounded time, and leaves the port free', async () => {
    const { clock, source, port } = bench(1);
    const { signal } = new AbortController();
    const probing = probePort({ source, port: PORT, families, clock, signal, onTry: () => undefined });
    await clock.advance(2000);
    expect(await probing).toEqual({ found: null, tried: ['Toy at 9600 8N1', 'Toy at 115200 8N1'] });
    const next = await port.find(signal);
    expect((await next.open(TOY.declaration.lineOf({ rate_hz: 1 }))).ok).toBe(true);
  });

  it('searches again every five seconds until it is told to stop', async () => {
    const { clock, source, lines } = bench(1);
    const stop = new AbortController();
    const views: DeviceView[] = [];
    const searching = searchPort({
      source,
      port: PORT,
      families,
      clock,
      signal: stop.signal,
      bridge: () => NO_COUNTERS,
      changed: (view) => views.push(view),
    });
    await clock.advance(12_000);
    expect(lines.length).toBeGreaterThanOrEqual(4);
    expect(views.at(-1)).toMatchObject({ device: 'usb-0403-6001-1', phase: 'failed' });
    stop.abort(new Error('enough'));
    await clock.advance(1000);
    expect(await searching).toBeNull();
    expect(clock.sleepers).toBe(0);
  });
});

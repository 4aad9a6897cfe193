import { describe, expect, it } from 'vitest';
import type { Scanner } from '../../../src/instruments/adapter.ts';
import { PortLine, QUIET_MS } from '../../../src/links/exchange-line.ts';
import { WireLog } from '../../../src/links/wire-log.ts';
import { SimulatedPort } from '../../../src/transports/simulated.ts';
import { TOY } from './toy.ts';
import { settle, VirtualClock } from './virtual-clock.ts';

const text = (bytes: Uint8Array) => new TextDecoder().decode(bytes);
const bytes = (words: string) => new TextEncoder().encode(words);
const LINE = TOY.declaration.lines[0] ?? TOY.declaration.lineOf({ rate_hz: 1 });

/** A line ends with CR; `!` makes a bad one. */
const line: Scanner<string> = (received) => {
  const end = received.indexOf(13);
  if (end < 0) return { type: 'more' };
  const words = text(received.subarray(0, end));
  if (words.startsWith('!')) return { type: 'bad', code: 'crc', detail: 'bad sum', consumed: end + 1 };
  return { type: 'frame', value: words, consumed: end + 1 };
};

async function bench() {
  const clock = new VirtualClock();
  const requests: string[] = [];
  const replies: { text: string; delayMs: number }[][] = [];
  const port = new SimulatedPort({
    clock,
    instrument: {
      receive: (request) => {
        requests.push(text(request));
        return (replies.shift() ?? []).map((reply) => ({ bytes: bytes(reply.text), delayMs: reply.delayMs }));
      },
    },
  });
  const channel = await port.find(new AbortController().signal);
  await channel.open(LINE);
  const wire = new WireLog('simulated', 'toy1');
  wire.record(true);
  const portLine = new PortLine(channel, clock, wire);
  const reading = portLine.run();
  const exchangeLine = portLine.lineFor(wire);
  const ask = (retries = 0, timeoutMs = 200) =>
    exchangeLine.exchange(bytes('R\r'), line, { timeoutMs, retries });
  return { clock, port, channel, wire, portLine, reading, exchangeLine, requests, replies, ask };
}

describe('exchange line', () => {
  it('stamps request and reply and numbers exchanges', async () => {
    const { clock, ask, replies } = await bench();
    replies.push([{ text: 'a\r', delayMs: 30 }], [{ text: 'b\r', delayMs: 10 }]);
    const first = ask();
    await clock.advance(50);
    expect(await first).toEqual({
      ok: true,
      value: 'a',
      requestedHostMs: 1_000_000,
      receivedHostMs: 1_000_030,
      exchange: 1,
    });
    const second = ask();
    await clock.advance(50);
    expect(await second).toMatchObject({ ok: true, value: 'b', exchange: 2 });
  });

  it('takes a reply in any pieces', async () => {
    const { clock, ask, replies } = await bench();
    replies.push([...'hello\r'].map((letter, at) => ({ text: letter, delayMs: 5 + at * 10 })));
    const asked = ask();
    await clock.advance(100);
    expect(await asked).toMatchObject({ ok: true, value: 'hello', receivedHostMs: 1_000_055 });
  });

  it('times out with what came, then waits for quiet: a late reply is not paired with the next request', async () => {
    const { clock, ask, replies, wire, requests } = await bench();
    replies.push([{ text: 'late\r', delayMs: 250 }], [{ text: 'mine\r', delayMs: 10 }]);
    const first = ask();
    await clock.advance(200);
    expect(await first).toMatchObject({ ok: false, code: 'timeout' });
    const second = ask();
    // The late reply comes at 250; the line is quiet 100 ms later.
    await clock.advance(149);
    expect(requests).toHaveLength(1);
    await clock.advance(100);
    expect(await second).toMatchObject({ ok: true, value: 'mine', requestedHostMs: 1_000_250 + QUIET_MS });
    expect(wire.skipped).toEqual({ drained: 5 });
  });

  it('does not wait when the line has been quiet already', async () => {
    const { clock, ask, replies } = await bench();
    const first = ask();
    await clock.advance(500);
    expect(await first).toMatchObject({ ok: false, code: 'timeout' });
    replies.push([{ text: 'x\r', delayMs: 0 }]);
    const second = ask();
    await settle();
    expect(await second).toMatchObject({ ok: true, requestedHostMs: 1_000_500 });
  });

  it('retries reads only as often as it may', async () => {
    const { clock, ask, replies, requests } = await bench();
    replies.push(
      [{ text: '!\r', delayMs: 1 }],
      [{ text: '!\r', delayMs: 1 }],
      [{ text: 'ok\r', delayMs: 1 }],
    );
    const asked = ask(2);
    await clock.advance(1000);
    expect(await asked).toMatchObject({ ok: true, value: 'ok', exchange: 3 });
    replies.push([{ text: '!\r', delayMs: 1 }], [{ text: 'never\r', delayMs: 1 }]);
    const write = ask(0);
    await clock.advance(1000);
    expect(await write).toMatchObject({ ok: false, code: 'crc', detail: 'bad sum' });
    expect(requests).toHaveLength(4);
  });

  it('drops what was left over before it asks again', async () => {
    const { clock, ask, replies, wire } = await bench();
    replies.push([{ text: 'one\rone\r', delayMs: 1 }], [{ text: 'two\r', delayMs: 1 }]);
    const first = ask();
    await clock.advance(50);
    expect(await first).toMatchObject({ value: 'one' });
    const second = ask();
    await clock.advance(50);
    expect(await second).toMatchObject({ value: 'two' });
    expect(wire.skipped).toEqual({ stale: 4 });
  });

  it('does not drain for ever when the line never falls silent', async () => {
    const { clock, port, ask, requests } = await bench();
    const first = ask();
    await clock.advance(200);
    await first;
    const second = ask();
    for (let ms = 0; ms < 1200; ms += 50) {
      port.deviceSends(bytes('noise'));
      await clock.advance(50);
    }
    expect(requests).toHaveLength(2);
    await clock.advance(500);
    expect(await second).toMatchObject({ ok: false, code: 'timeout' });
  });

  it('records every byte both ways: late, glued and unasked-for ones too', async () => {
    const { clock, port, ask, replies, wire } = await bench();
    replies.push([{ text: 'a\rb', delayMs: 1 }], [{ text: 'late\r', delayMs: 300 }]);
    const first = ask();
    await clock.advance(100);
    await first;
    port.deviceSends(bytes('banner'));
    await settle();
    const second = ask();
    await clock.advance(400);
    await second;
    const heard = wire.take().items.map((item) => [item.direction, item.exchange, text(item.bytes)]);
    expect(heard).toEqual([
      ['tx', 1, 'R\r'],
      ['rx', 1, 'a\rb'],
      ['rx', 0, 'banner'],
      ['tx', 2, 'R\r'],
      ['rx', 2, 'late\r'],
    ]);
  });

  it('listens without sending, and gives what came', async () => {
    const { clock, port, exchangeLine, requests } = await bench();
    const heard = exchangeLine.listen(100);
    port.deviceSends(bytes('stream'));
    await clock.advance(100);
    expect(text(await heard)).toBe('stream');
    expect(requests).toEqual([]);
  });

  it('ends an exchange at once when the port is lost, without a retry', async () => {
    const { clock, port, ask, portLine, reading, requests } = await bench();
    const asked = ask(3, 10_000);
    await settle();
    port.unplug();
    expect(await asked).toMatchObject({ ok: false, code: 'lost' });
    expect(await reading).toMatchObject({ code: 'lost' });
    expect(portLine.ended).toMatchObject({ code: 'lost' });
    expect(await ask()).toMatchObject({ ok: false, code: 'lost' });
    expect(requests).toHaveLength(1);
    expect(clock.sleepers).toBe(0);
  });

  it('bounds what it keeps for the next emission and counts the rest', async () => {
    const wire = new WireLog('p', 'd');
    wire.record(true);
    const chunk = new Uint8Array(400_000);
    for (let count = 0; count < 4; count += 1) wire.onBytes('rx', chunk, 0, 0);
    const { items, lostBytes } = wire.take();
    expect(items).toHaveLength(2);
    expect(lostBytes).toBe(800_000);
    expect(wire.take()).toEqual({ items: [], lostBytes: 0, overruns: 0 });
  });
});

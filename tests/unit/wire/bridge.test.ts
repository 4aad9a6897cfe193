import { describe, expect, it } from 'vitest';
import { BridgeReceiver, BridgeSender, capacityFor } from '../../../src/wire/bridge.ts';
import type { BridgeFrame } from '../../../src/wire/messages.ts';

function sender(capacity: number, bytesMax?: number) {
  const posted: BridgeFrame<number>[] = [];
  const clock = { nowMs: 0, hostMs: () => clock.nowMs };
  const options = { post: (frame: BridgeFrame<number>) => posted.push(frame), capacity, clock };
  const bridge = new BridgeSender<number>(bytesMax === undefined ? options : { ...options, bytesMax });
  return { bridge, posted, clock };
}

async function settled(promise: Promise<void>): Promise<boolean> {
  return Promise.race([promise.then(() => true), new Promise<boolean>((r) => setTimeout(() => r(false), 0))]);
}

describe('BridgeSender', () => {
  it('has room for 8 s of a stream, at least 64', () => {
    expect([capacityFor(0.5), capacityFor(8), capacityFor(10.1), capacityFor(50)]).toEqual([64, 64, 81, 400]);
  });

  it('posts at once while there are credits, then blocks in order', async () => {
    const { bridge, posted, clock } = sender(2);
    await bridge.emit(1, 10);
    await bridge.emit(2, 10);
    const third = bridge.emit(3, 10);
    const fourth = bridge.emit(4, 10);
    clock.nowMs = 250;
    expect(await settled(third)).toBe(false);
    expect(bridge.counters()).toEqual({
      capacity: 2,
      depth: 2,
      depthMax: 2,
      enqueued: 2,
      delivered: 0,
      dropped: 0,
      blockedTotalMs: 250,
      blockedSinceMs: 250,
    });
    bridge.onFrame({ type: 'take', count: 1, bytes: 10 } as never);
    expect(await settled(third)).toBe(true);
    expect(await settled(fourth)).toBe(false);
    clock.nowMs = 300;
    bridge.onFrame({ type: 'take', count: 2, bytes: 20 } as never);
    expect(await settled(fourth)).toBe(true);
    expect(posted.map((frame) => (frame.type === 'emit' ? frame.items[0] : null))).toEqual([1, 2, 3, 4]);
    expect(bridge.counters()).toMatchObject({
      depth: 1,
      enqueued: 4,
      delivered: 3,
      blockedTotalMs: 300,
      blockedSinceMs: -1,
    });
  });

  it('blocks at its byte bound, but lets one large emission pass alone', async () => {
    const { bridge } = sender(64, 100);
    expect(await settled(bridge.emit(1, 500))).toBe(true);
    const second = bridge.emit(2, 1);
    expect(await settled(second)).toBe(false);
    bridge.onFrame({ type: 'take', count: 1, bytes: 500 } as never);
    expect(await settled(second)).toBe(true);
  });

  it('refuses more credits than it gave, and knows foreign frames', async () => {
    const { bridge } = sender(64);
    await bridge.emit(1, 10);
    expect(bridge.onFrame({ type: 'ack' })).toBe(false);
    expect(() => bridge.onFrame({ type: 'take', count: 2, bytes: 10 } as never)).toThrow(/taken more/);
  });

  it('forgets what was in flight when the other end is replaced, and conserves', async () => {
    const { bridge } = sender(2);
    await bridge.emit(1, 10);
    await bridge.emit(2, 10);
    bridge.onFrame({ type: 'take', count: 1, bytes: 10 } as never);
    bridge.reconnect(() => {});
    expect(bridge.counters()).toMatchObject({ depth: 0, enqueued: 1, delivered: 1 });
  });
});

describe('BridgeReceiver', () => {
  function receiver(capacity: number, take: (item: number) => void | Promise<void>) {
    const credits: { count: number; bytes: number }[] = [];
    const failures: unknown[] = [];
    const bridge = new BridgeReceiver<number>({
      post: ({ count, bytes }) => credits.push({ count, bytes }),
      capacity,
      bytesOf: () => 10,
      take,
      failed: (error) => failures.push(error),
    });
    return { bridge, credits, failures };
  }
  const emit = (...items: number[]) => ({ type: 'emit', items }) as never;

  it('returns credits at idle for a slow stream', () => {
    const { bridge, credits } = receiver(64, () => {});
    bridge.onFrame(emit(1));
    bridge.onFrame(emit(2));
    expect(credits).toEqual([
      { count: 1, bytes: 10 },
      { count: 1, bytes: 10 },
    ]);
  });

  it('returns credits in groups of a quarter for a fast one', () => {
    const { bridge, credits } = receiver(8, () => {});
    bridge.onFrame(emit(1, 2, 3, 4, 5));
    expect(credits.map(({ count }) => count)).toEqual([2, 2, 1]);
  });

  it('takes in order and holds credits while the taker is busy', async () => {
    const seen: number[] = [];
    let release = () => {};
    const { bridge, credits } = receiver(4, (item) => {
      seen.push(item);
      return item === 1 ? new Promise<void>((resolve) => (release = resolve)) : undefined;
    });
    bridge.onFrame(emit(1, 2));
    expect([seen, credits, bridge.depth]).toEqual([[1], [], 2]);
    release();
    await expect.poll(() => seen).toEqual([1, 2]);
    expect(credits.reduce((sum, { count }) => sum + count, 0)).toBe(2);
  });

  it('tells of a broken taker and goes on', async () => {
    const { bridge, credits, failures } = receiver(4, (item) => {
      if (item === 1) throw new Error('now');
      return item === 2 ? Promise.reject(new Error('later')) : undefined;
    });
    bridge.onFrame(emit(1, 2, 3));
    await expect.poll(() => credits.reduce((sum, { count }) => sum + count, 0)).toBe(3);
    expect(failures.map(String)).toEqual(['Error: now', 'Error: later']);
  });
});

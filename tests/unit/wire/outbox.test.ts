import { describe, expect, it } from 'vitest';
import type { Envelope, Scope } from '../../../src/record/item.ts';
import { KeptUntilAcked } from '../../../src/wire/ack-store.ts';
import type { BridgeFrame } from '../../../src/wire/messages.ts';
import { Outbox } from '../../../src/wire/outbox.ts';

const clock = { nowMs: 0, hostMs: () => clock.nowMs };

function envelope(firstSeq: number, options: Partial<{ scope: Scope; count: number; bytes: number }> = {}) {
  const items = Array.from({ length: options.count ?? 1 }, () => ({
    tHostMs: 0,
    tUtcMs: 0,
    kind: 'operator.note',
    severity: 'info' as const,
    source: 'operator',
    message: 'x',
  }));
  return {
    scope: options.scope ?? 'run',
    producer: 'mfc/1',
    device: 'mfc',
    lane: 'events',
    firstSeq,
    bytes: options.bytes ?? 10,
    items,
  } satisfies Envelope;
}
const ack = (upTo: number) => [{ producer: 'mfc/1', lane: 'events' as const, upTo }];

describe('KeptUntilAcked', () => {
  it('forgets cumulatively, keeps an envelope until its last item is recorded', () => {
    const kept = new KeptUntilAcked({ clock });
    kept.keep(envelope(1, { count: 2 }));
    kept.keep(envelope(3));
    kept.ack(ack(1));
    expect([kept.envelopes, kept.bytes]).toEqual([2, 20]);
    kept.ack(ack(2));
    kept.ack(ack(1));
    expect([kept.envelopes, kept.bytes, kept.isAcked(ack(2)), kept.isAcked(ack(3))]).toEqual([
      1,
      10,
      true,
      false,
    ]);
  });

  it('tells new, kept, acked and hole apart', () => {
    const kept = new KeptUntilAcked({ clock });
    kept.keep(envelope(5));
    kept.keep(envelope(6));
    kept.ack(ack(5));
    const places = [4, 5, 6, 7, 8].map((seq) => kept.place(envelope(seq)));
    expect(places).toEqual(['acked', 'acked', 'kept', 'new', 'hole']);
    expect(() => kept.keep(envelope(8))).toThrow(/expected number 7, actual 8/);
  });

  it('stops the producer at its bounds: bytes for all, age for a run', () => {
    const kept = new KeptUntilAcked({ clock, bytesMax: 100, ageMaxMs: 50 });
    kept.keep(envelope(1, { bytes: 90 }));
    expect([kept.hasRoom(10, 'run'), kept.hasRoom(11, 'run')]).toEqual([true, false]);
    clock.nowMs += 51;
    expect([kept.hasRoom(10, 'run'), kept.hasRoom(10, 'kiosk')]).toEqual([false, true]);
    kept.ack(ack(1));
    expect(kept.hasRoom(1_000, 'run')).toBe(true);
  });
});

describe('Outbox', () => {
  function connected(capacity = 64) {
    const outbox = new Outbox({ clock, capacity });
    const sent: number[] = [];
    const post = (frame: BridgeFrame<Envelope>) => {
      if (frame.type === 'emit') sent.push(...frame.items.map((item) => item.firstSeq));
    };
    outbox.connect(post);
    return { outbox, sent, post };
  }

  it('resends what is not recorded first, then what waited, in the order of the lane', async () => {
    const { outbox, sent, post } = connected(2);
    await outbox.emit(envelope(1));
    await outbox.emit(envelope(2));
    const third = outbox.emit(envelope(3));
    outbox.connect(post, ack(1));
    await third;
    expect(sent).toEqual([1, 2, 2, 3]);
    expect(outbox.counters()).toMatchObject({ depth: 2, enqueued: 2, delivered: 0, blockedSinceMs: -1 });
  });

  it('keeps without waiting while there is no other end, and drops only what was for show', async () => {
    const { outbox, sent, post } = connected(1);
    await outbox.emit(envelope(1));
    const second = outbox.emit(envelope(2));
    outbox.disconnect();
    await second;
    await outbox.emit(envelope(0, { scope: 'live' }));
    await outbox.emit(envelope(3));
    outbox.connect(post);
    outbox.onFrame({ type: 'take', count: 1, bytes: 10 } as never);
    outbox.onFrame({ type: 'take', count: 1, bytes: 10 } as never);
    expect(sent).toEqual([1, 1, 2, 3]);
  });

  it('takes an envelope whose first items another conductor saw recorded', async () => {
    const { outbox, sent } = connected();
    outbox.onFrame({ type: 'have', have: ack(3), runId: 'r' } as never);
    await outbox.emit(envelope(2, { count: 4 }));
    expect(outbox.place(envelope(2, { count: 4 }))).toBe('kept');
    expect(sent).toEqual([2]);
  });

  it('resolves whenAcked only when every lane is recorded', async () => {
    const { outbox } = connected();
    await outbox.emit(envelope(1));
    let reached = false;
    const waiting = outbox.whenAcked(ack(1)).then(() => (reached = true));
    await Promise.resolve();
    expect(reached).toBe(false);
    outbox.onFrame({ type: 'ack', acks: ack(1) } as never);
    await waiting;
    expect([reached, outbox.kept.bytes]).toEqual([true, 0]);
  });
});

describe('Outbox without its other end', () => {
  it('takes no credit that comes late from the one that is gone', () => {
    const outbox = new Outbox({ clock, capacity: 4 });
    outbox.connect(() => undefined);
    void outbox.emit(envelope(1));
    outbox.disconnect();
    expect(outbox.onFrame({ type: 'take', count: 1, bytes: 10 } as { type: string })).toBe(true);
    expect(outbox.counters()).toMatchObject({ enqueued: 0, delivered: 0, depth: 0 });
    expect(outbox.kept.envelopes).toBe(1);
  });
});

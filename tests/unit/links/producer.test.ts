import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { RunEvent } from '../../../src/record/event.ts';
import { type DataItem, type Envelope, lastSeq } from '../../../src/record/item.ts';
import type { Ack } from '../../../src/record/producer.ts';
import type { BridgeFrame } from '../../../src/wire/messages.ts';
import { Producer } from '../../../src/links/producer.ts';
import { Outbox } from '../../../src/wire/outbox.ts';
import { settle, VirtualClock } from './virtual-clock.ts';

const record = (tHostMs: number): DataItem => ({
  type: 'record',
  tHostMs,
  requestedHostMs: tHostMs,
  receivedHostMs: tHostMs,
  device: 'd',
  family: 'f',
  exchange: 1,
  columns: { at: tHostMs },
});
const log = (tHostMs: number): DataItem => ({
  type: 'log',
  tHostMs,
  tUtcMs: 0,
  level: 'INFO',
  event: 'x',
  fields: {},
});
const event = (tHostMs: number): RunEvent => ({
  tHostMs,
  tUtcMs: 0,
  kind: 'k',
  severity: 'info',
  source: 's',
  message: 'm',
});

function collect() {
  const envelopes: Envelope[] = [];
  const producer = new Producer('d', 7, {
    emit: async (envelope) => {
      envelopes.push(envelope);
    },
  });
  return { envelopes, producer };
}

describe('producer', () => {
  it('outside a run: polls live and unnumbered, events and log lines for the kiosk', async () => {
    const { envelopes, producer } = collect();
    await producer.data([record(1), log(2)]);
    await producer.event(event(3));
    expect(
      envelopes.map(({ scope, lane, firstSeq, producer: by, items }) => [
        scope,
        lane,
        firstSeq,
        by,
        items.length,
      ]),
    ).toEqual([
      ['live', 'data', 0, 'd/7', 1],
      ['kiosk', 'data', 1, 'd/7', 1],
      ['kiosk', 'events', 1, 'd/7', 1],
    ]);
  });

  it('in a run: one envelope per poll, from 1; what is older than zero stays out', async () => {
    const { envelopes, producer } = collect();
    await producer.event(event(1));
    producer.arm(100, { hostMs: 50, utcMs: 0 });
    await producer.data([record(49.9), record(50), record(51)]);
    await producer.data([record(60)]);
    await producer.event(event(49.99));
    const upTo = producer.disarm();
    await producer.event(event(70));
    const run = envelopes.filter(({ scope }) => scope === 'run');
    expect(
      run.map(({ lane, firstSeq, items }) => [lane, firstSeq, items.map(({ tHostMs }) => tHostMs)]),
    ).toEqual([
      ['data', 1, [50, 51]],
      ['data', 3, [60]],
      ['events', 1, [50]],
    ]);
    expect(upTo).toEqual([
      { producer: 'd/100', lane: 'events', upTo: 1 },
      { producer: 'd/100', lane: 'data', upTo: 3 },
    ]);
    // The kiosk's own numbers go on as if there had been no run.
    expect(envelopes.at(-1)).toMatchObject({ scope: 'kiosk', producer: 'd/7', firstSeq: 2 });
    expect(producer.disarm()).toEqual([]);
  });

  it('does not queue what is only shown', async () => {
    const waiting: (() => void)[] = [];
    const producer = new Producer('d', 7, { emit: () => new Promise((accept) => waiting.push(accept)) });
    for (let at = 0; at < 10; at += 1) void producer.data([record(at)]);
    expect(waiting).toHaveLength(4);
    expect(producer.liveSkipped).toBe(6);
    for (const accept of waiting.splice(0)) accept();
    await settle();
    void producer.data([record(11)]);
    expect(waiting).toHaveLength(1);
  });
});

/** The other end: takes what it likes when it likes, forgets its life at a crash, never what it acknowledged. */
class Receiver {
  readonly recorded = new Map<string, number[]>();
  inFlight: Envelope[] = [];
  take: (count: number) => void = () => undefined;

  connect(outbox: Outbox, have: boolean): void {
    this.inFlight = [];
    const post = (frame: BridgeFrame<Envelope>) => {
      if (frame.type === 'emit') this.inFlight.push(...frame.items);
    };
    outbox.connect(post, have ? this.acks() : []);
    this.take = (count) => {
      const taken = this.inFlight.splice(0, count);
      for (const envelope of taken) this.#record(envelope);
      const bytes = taken.reduce((sum, envelope) => sum + envelope.bytes, 0);
      if (taken.length > 0)
        outbox.onFrame({ type: 'take', count: taken.length, bytes } as BridgeFrame<Envelope>);
    };
  }

  acks(): Ack[] {
    return [...this.recorded].map(([key, numbers]) => {
      const [producer = '', lane = 'data'] = key.split(' ');
      return { producer, lane: lane === 'events' ? 'events' : 'data', upTo: numbers.at(-1) ?? 0 };
    });
  }

  #record(envelope: Envelope): void {
    if (envelope.scope === 'live') return;
    const key = `${envelope.producer} ${envelope.lane}`;
    const numbers = this.recorded.get(key) ?? [];
    this.recorded.set(key, numbers);
    for (let seq = envelope.firstSeq; seq <= lastSeq(envelope); seq += 1)
      if (seq > (numbers.at(-1) ?? 0)) numbers.push(seq);
  }
}

const step = fc.oneof(
  {
    weight: 6,
    arbitrary: fc.record({ do: fc.constant('poll' as const), items: fc.integer({ min: 1, max: 5 }) }),
  },
  { weight: 2, arbitrary: fc.record({ do: fc.constant('event' as const) }) },
  {
    weight: 4,
    arbitrary: fc.record({ do: fc.constant('take' as const), count: fc.integer({ min: 1, max: 9 }) }),
  },
  { weight: 3, arbitrary: fc.record({ do: fc.constant('ack' as const) }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('die' as const), have: fc.boolean() }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('run' as const) }) },
  {
    weight: 1,
    arbitrary: fc.record({ do: fc.constant('time' as const), ms: fc.integer({ min: 1, max: 9000 }) }),
  },
);

describe('producer and what is kept', () => {
  it('records every lane from 1 without holes or doubles, within its bounds, whatever dies in between', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(step, { maxLength: 120 }), async (steps) => {
        const clock = new VirtualClock();
        const bytesMax = 4096;
        const outbox = new Outbox({ clock, capacity: 8, keptBytesMax: bytesMax });
        const receiver = new Receiver();
        receiver.connect(outbox, false);
        const producer = new Producer('d', 1, outbox);
        const ends: Ack[] = [];
        let epoch = 10;
        let armed = false;
        for (const one of steps) {
          if (one.do === 'poll') {
            void producer.data(Array.from({ length: one.items }, () => record(clock.hostMs())));
          } else if (one.do === 'event') void producer.event(event(clock.hostMs()));
          else if (one.do === 'take') receiver.take(one.count);
          else if (one.do === 'ack') outbox.ack(receiver.acks());
          else if (one.do === 'time') await clock.advance(one.ms);
          else if (one.do === 'die') {
            outbox.disconnect();
            receiver.connect(outbox, one.have);
          } else {
            if (armed) ends.push(...producer.disarm());
            else producer.arm((epoch += 1), { hostMs: clock.hostMs(), utcMs: 0 });
            armed = !armed;
          }
          // One envelope may be larger than the bound by itself; these are not.
          expect(outbox.kept.bytes).toBeLessThanOrEqual(bytesMax);
        }
        ends.push(...producer.disarm());
        for (let round = 0; round < 400 && outbox.kept.envelopes + outbox.counters().depth > 0; round += 1) {
          receiver.take(8);
          outbox.ack(receiver.acks());
          await Promise.resolve();
        }
        await producer.flushed();
        receiver.take(8);
        for (const numbers of receiver.recorded.values())
          expect(numbers).toEqual(numbers.map((_number, at) => at + 1));
        for (const { producer: by, lane, upTo } of ends)
          expect(receiver.recorded.get(`${by} ${lane}`)?.length ?? 0).toBe(upTo);
      }),
      { numRuns: 150 },
    );
  });
});

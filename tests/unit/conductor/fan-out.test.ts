import { describe, expect, it } from 'vitest';
import { FanOut } from '../../../src/conductor/fan-out.ts';
import { Latest } from '../../../src/conductor/latest.ts';
import { Plots } from '../../../src/conductor/plot-ring.ts';
import type { Envelope } from '../../../src/record/item.ts';
import type { DownstreamFrame } from '../../../src/wire/messages.ts';
import { Outbox } from '../../../src/wire/outbox.ts';

const clock = { hostMs: () => 0 };

function envelope(firstSeq: number): Envelope {
  const item = { tHostMs: 0, tUtcMs: 0, kind: 'x', severity: 'info' as const, source: 's', message: 'm' };
  return { scope: 'run', producer: 'a/1', device: 'a', lane: 'events', firstSeq, bytes: 1, items: [item] };
}

describe('FanOut', () => {
  it('asks once for what is missing, and lets the producer forget only what is recorded', () => {
    const outbox = new Outbox({ clock, capacity: 64 });
    const fanOut = new FanOut({
      outbox,
      latest: new Latest(),
      plots: new Plots(),
      acceptsRun: () => true,
      onRunReading: () => undefined,
    });
    const posted: DownstreamFrame[] = [];
    const from = { post: (frame: DownstreamFrame) => void posted.push(frame) };
    const take = (seq: number) => void fanOut.take(from, envelope(seq));
    take(1);
    take(2);
    take(3);
    outbox.ack([{ producer: 'a/1', lane: 'events', upTo: 1 }]);
    take(5);
    take(6);
    const missing = { type: 'have', have: [{ producer: 'a/1', lane: 'events', upTo: 1 }], runId: null };
    expect(posted).toEqual([missing]);
    for (const seq of [2, 3, 4, 5, 6]) take(seq);
    expect(posted).toEqual([missing]);
    expect(outbox.kept.envelopes).toBe(5);
    take(8);
    expect(posted).toHaveLength(2);
  });
});

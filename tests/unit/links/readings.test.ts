import { describe, expect, it } from 'vitest';
import { Bench } from './bench.ts';

/** A toy at 2 Hz that leaves `silences` requests unanswered and whose replies take `delayMs` from then on. */
async function silentFor(silences: number, delayMs: number, startMs: number): Promise<Bench> {
  const bench = new Bench({ rateHz: 2 });
  bench.start();
  await bench.clock.advance(startMs);
  bench.arm();
  await bench.clock.advance(2000);
  for (let count = 0; count < silences; count += 1) bench.simulator.inject({ type: 'silent' });
  await bench.clock.advance(520);
  bench.simulator.delayMs = delayMs;
  await bench.clock.advance(4000);
  return bench;
}

describe('the cause of a hole', () => {
  it('is late when the device left a request unanswered, whenever somebody looked', async () => {
    for (const startMs of [1000, 1060, 1130, 1210])
      for (const [silences, delayMs] of [
        [1, 30],
        [1, 90],
        [2, 5],
        [3, 60],
      ] as const) {
        const bench = await silentFor(silences, delayMs, startMs);
        const said = bench.events().filter(({ kind }) => kind !== 'device.identified');
        expect(said.map(({ kind }) => kind)).toEqual(['device.late', 'device.resumed', 'recording.gap']);
        expect(said[2]?.metadata).toMatchObject({ cause: 'late' });
        await bench.stop();
      }
  });

  it('is blocked when upstream took nothing, also if one reply was lost before', async () => {
    const bench = new Bench({ rateHz: 2 });
    bench.start();
    await bench.clock.advance(1000);
    bench.arm();
    await bench.clock.advance(2000);
    bench.simulator.inject({ type: 'silent' });
    let release: () => void = () => undefined;
    bench.blocked = new Promise((resolve) => (release = resolve));
    await bench.clock.advance(6000);
    bench.blocked = null;
    release();
    await bench.clock.advance(2000);
    const gaps = bench.events().filter(({ kind }) => kind === 'recording.gap');
    expect(gaps.map(({ metadata }) => metadata?.['cause'])).toEqual(['blocked']);
    expect(bench.kinds()).not.toContain('device.late');
    await bench.stop();
  });
});

import { describe, expect, it } from 'vitest';
import { play } from './scenario.ts';

/** One failing seed: `SIM_SEED=123 npx vitest run --project pure tests/sim`. */
const ONE = process.env['SIM_SEED'];
const SEEDS = ONE === undefined ? Array.from({ length: 240 }, (_unused, index) => index + 1) : [Number(ONE)];

describe('a run survives what happens to it', () => {
  it(`nothing lost, doubled or out of order over ${SEEDS.length} seeds`, async () => {
    let recorded = 0;
    for (const seed of SEEDS) {
      const { problems, log, phase, recorded: here } = await play(seed);
      recorded += here;
      if (problems.length > 0)
        throw new Error(
          `seed ${seed} ends ${phase}: ${problems.join('\n  ')}\nhistory:\n  ${log.join('\n  ')}`,
        );
    }
    expect(recorded).toBeGreaterThan(SEEDS.length * 10);
  });

  it('without faults every seed is sealed as the operator ended it', async () => {
    for (const seed of [1001, 1002, 1003]) {
      const { problems, phase } = await play(seed, 0);
      expect({ seed, problems, phase }).toEqual({ seed, problems: [], phase: 'sealed' });
    }
  });

  it('is deterministic: the same seed tells the same story', async () => {
    expect(await play(77)).toEqual(await play(77));
  });
});

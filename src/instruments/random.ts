/** Seeded random numbers in [0, 1): same seed, same sequence, on every engine (mulberry32, 32-bit integer maths only). */
export function seededRandom(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4294967296;
  };
}

/** Roughly normal noise, mean 0, standard deviation 1, never beyond ±3.5 (sum of twelve uniforms, clipped). */
export function noise(random: () => number): number {
  let sum = -6;
  for (let i = 0; i < 12; i += 1) sum += random();
  return Math.max(-3.5, Math.min(3.5, sum));
}

/** What every synthetic device of a bench run is to do. */
export interface Load {
  /** Blocks of this many values … */
  readonly blockSamples: number;
  /** … of each of these fields, together in one emission. */
  readonly fields: readonly string[];
  /** Samples a second and field; 0 = as fast as the bridge takes them. */
  readonly sampleHz: number;
  /** `adc`: steps of 0.001, compresses three to one. `noise`: every bit of the double, compresses hardly. */
  readonly values: 'adc' | 'noise';
}

/** Byte `at` of what a flat-out port sends: every value, no period a lost block would hide in. */
export function floodByte(at: number): number {
  return (at * 31 + (at >> 8)) & 255;
}

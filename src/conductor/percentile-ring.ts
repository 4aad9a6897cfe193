/** The last `capacity` observations; percentiles by nearest rank (`spec/capa.md` §4.3: 1,024). */
export class PercentileRing {
  readonly #values: Float64Array;
  #count = 0;
  #max = 0;

  constructor(capacity = 1024) {
    this.#values = new Float64Array(capacity);
  }

  /** Observations ever made. */
  get count(): number {
    return this.#count;
  }
  /** Largest ever. */
  get max(): number {
    return this.#max;
  }

  add(value: number): void {
    this.#values[this.#count % this.#values.length] = value;
    this.#count += 1;
    this.#max = Math.max(this.#max, value);
  }

  /** `share` 0…1. 0 when nothing was observed. */
  percentile(share: number): number {
    const sorted = this.#values.slice(0, Math.min(this.#count, this.#values.length)).sort();
    return sorted[Math.max(0, Math.ceil(share * sorted.length) - 1)] ?? 0;
  }
}

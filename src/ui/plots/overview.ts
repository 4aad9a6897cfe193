const BUCKETS_MAX = 2400;
const FIRST_WIDTH_MS = 250;

/** A whole run in a fixed budget: lowest and highest per bucket; when full, buckets pair up and the width doubles. */
export class Overview {
  widthMs = FIRST_WIDTH_MS;
  length = 0;
  readonly #start = new Float64Array(BUCKETS_MAX);
  readonly #low = new Float64Array(BUCKETS_MAX);
  readonly #high = new Float64Array(BUCKETS_MAX);

  push(t: number, v: number): void {
    const start = Math.floor(t / this.widthMs) * this.widthMs;
    const last = this.length - 1;
    if (last >= 0 && start <= (this.#start[last] ?? 0)) {
      this.#low[last] = Math.min(this.#low[last] ?? v, v);
      this.#high[last] = Math.max(this.#high[last] ?? v, v);
      return;
    }
    if (this.length === BUCKETS_MAX) {
      this.#halve();
      this.push(t, v);
      return;
    }
    this.#start[this.length] = start;
    this.#low[this.length] = v;
    this.#high[this.length] = v;
    this.length++;
  }

  /** Start of bucket `index`, host ms. */
  timeAt(index: number): number {
    return this.#start[index] ?? Number.NaN;
  }
  lowAt(index: number): number {
    return this.#low[index] ?? Number.NaN;
  }
  highAt(index: number): number {
    return this.#high[index] ?? Number.NaN;
  }

  #halve(): void {
    this.widthMs *= 2;
    let kept = 0;
    for (let i = 0; i < this.length; i++) {
      const start = Math.floor(this.timeAt(i) / this.widthMs) * this.widthMs;
      if (kept > 0 && this.#start[kept - 1] === start) {
        this.#low[kept - 1] = Math.min(this.lowAt(kept - 1), this.lowAt(i));
        this.#high[kept - 1] = Math.max(this.highAt(kept - 1), this.highAt(i));
      } else {
        this.#start[kept] = start;
        this.#low[kept] = this.lowAt(i);
        this.#high[kept] = this.highAt(i);
        kept++;
      }
    }
    this.length = kept;
  }
}

/** Kept points per channel, as `spec/capa.md` §4.5: 10 min at the decimation rate, never less than 6,000. */
export function ringCapacity(decimateToHz: number): number {
  return Math.max(6000, Math.ceil(decimateToHz * 600));
}

/** Newest points of one channel. Time never falls; grows to its capacity, then forgets the oldest and counts it. */
export class Ring {
  readonly capacity: number;
  evicted = 0;
  length = 0;
  #t: Float64Array;
  #v: Float64Array;
  #head = 0;

  constructor(capacity: number) {
    this.capacity = capacity;
    const first = Math.min(capacity, 1024);
    this.#t = new Float64Array(first);
    this.#v = new Float64Array(first);
  }

  /** A point not newer than the last is ignored: a snapshot and a frame may overlap. Returns whether it was kept. */
  push(t: number, v: number): boolean {
    if (this.length > 0 && t <= this.timeAt(this.length - 1)) return false;
    if (this.length === this.#t.length && this.length < this.capacity) this.#grow();
    const size = this.#t.length;
    if (this.length === size) {
      this.#t[this.#head] = t;
      this.#v[this.#head] = v;
      this.#head = (this.#head + 1) % size;
      this.evicted++;
    } else {
      const at = (this.#head + this.length) % size;
      this.#t[at] = t;
      this.#v[at] = v;
      this.length++;
    }
    return true;
  }

  /** Host ms of point `index`, 0 = oldest. */
  timeAt(index: number): number {
    return this.#t[(this.#head + index) % this.#t.length] ?? Number.NaN;
  }
  valueAt(index: number): number {
    return this.#v[(this.#head + index) % this.#v.length] ?? Number.NaN;
  }

  /** First index with time ≥ `t`; `length` when there is none. */
  lowerBound(t: number): number {
    let low = 0;
    let high = this.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if (this.timeAt(middle) < t) low = middle + 1;
      else high = middle;
    }
    return low;
  }

  #grow(): void {
    const size = Math.min(this.capacity, this.#t.length * 2);
    const t = new Float64Array(size);
    const v = new Float64Array(size);
    // Before the first eviction the head is 0, so the points lie in order.
    t.set(this.#t);
    v.set(this.#v);
    this.#t = t;
    this.#v = v;
  }
}

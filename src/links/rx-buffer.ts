/** Bytes received and not yet understood. Grows to a bound; what does not fit is counted, never silently gone. */
export class RxBuffer {
  readonly #bytesMax: number;
  #bytes = new Uint8Array(1024);
  #from = 0;
  #to = 0;

  constructor(bytesMax: number) {
    this.#bytesMax = bytesMax;
  }

  get length(): number {
    return this.#to - this.#from;
  }
  /** Returns how many bytes found no room. */
  push(bytes: Uint8Array): number {
    const room = this.#bytesMax - this.length;
    const taken = bytes.length <= room ? bytes : bytes.subarray(0, room);
    this.#reserve(taken.length);
    this.#bytes.set(taken, this.#to);
    this.#to += taken.length;
    return bytes.length - taken.length;
  }

  /** A view, valid until the next push. */
  peek(): Uint8Array {
    return this.#bytes.subarray(this.#from, this.#to);
  }

  drop(count: number): void {
    if (count < 0 || count > this.length) throw new RangeError(`drop ${count} of ${this.length} bytes`);
    this.#from += count;
    if (this.#from === this.#to) this.#from = this.#to = 0;
  }

  #reserve(count: number): void {
    if (this.#to + count <= this.#bytes.length) return;
    const length = this.length;
    let size = this.#bytes.length;
    while (size < length + count) size *= 2;
    const next = size === this.#bytes.length ? this.#bytes : new Uint8Array(size);
    next.set(this.#bytes.subarray(this.#from, this.#to));
    this.#bytes = next;
    this.#from = 0;
    this.#to = length;
  }
}

import type { HostMs } from '../record/clock.ts';

/** What happened to the polls of one device, since its worker started. */
export class Tally {
  #polls = 0;
  #missed = 0;
  #lastFailureMs: HostMs | null = null;
  #lastCode: string | null = null;
  readonly #failures = new Map<string, number>();

  get polls(): number {
    return this.#polls;
  }
  get missed(): number {
    return this.#missed;
  }
  get lastFailureMs(): HostMs | null {
    return this.#lastFailureMs;
  }
  get failures(): { readonly [code: string]: number } {
    return Object.fromEntries(this.#failures);
  }

  polled(): void {
    this.#polls += 1;
  }

  missedTurns(count: number): void {
    this.#missed += count;
  }

  succeeded(): void {
    this.#lastCode = null;
  }

  /** One attempt failed, whether or not the next one succeeded. */
  counted(code: string): void {
    this.#failures.set(code, (this.#failures.get(code) ?? 0) + 1);
  }

  /** A poll failed for good. True when this is news: the first in a row, or of another kind than the one before. */
  failed(code: string, atMs: HostMs): boolean {
    this.#lastFailureMs = atMs;
    const news = code !== this.#lastCode;
    this.#lastCode = code;
    return news;
  }
}

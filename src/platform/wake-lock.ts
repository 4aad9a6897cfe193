/**
 * Keeps the screen on while a run is open. The browser drops the lock whenever the page is hidden and may refuse it
 * on a low battery (`spec/neighbours.md` §3.3): it is asked for again when the page shows; a refusal costs nothing.
 */
export class WakeLockKeeper {
  readonly #document: Document;
  readonly #wakeLock: WakeLock | undefined;
  #wanted = false;
  #asking = false;
  #held: WakeLockSentinel | null = null;

  constructor(document: Document, wakeLock: WakeLock | undefined) {
    this.#document = document;
    this.#wakeLock = wakeLock;
    document.addEventListener('visibilitychange', () => void this.#settle());
  }

  want(runOpen: boolean): void {
    if (runOpen === this.#wanted) return;
    this.#wanted = runOpen;
    void this.#settle();
  }

  async #settle(): Promise<void> {
    if (this.#wakeLock === undefined || this.#asking) return;
    if (!this.#wanted) {
      await this.#held?.release().catch(() => undefined);
      this.#held = null;
      return;
    }
    if (this.#document.visibilityState !== 'visible' || this.#held?.released === false) return;
    this.#asking = true;
    this.#held = await this.#wakeLock.request('screen').catch(() => null);
    this.#asking = false;
    if (!this.#wanted) await this.#settle();
  }
}

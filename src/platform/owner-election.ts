/**
 * One page owns the rig: it starts the dedicated workers. The others observe and take over by themselves.
 *
 * A Web Lock is the only reliable sign of another tab's death. A request queued before the holder went into the
 * back/forward cache is never granted, one made afterwards is (`spec/browser-platform.md` §1): so an observer gives
 * its request up and asks again every 2 s.
 */
const RETRY_MS = 2000;

export class OwnerElection {
  readonly #locks: LockManager;
  readonly #name: string;
  readonly #stopped = new AbortController();
  #letGo: (() => void) | null = null;

  constructor(locks: LockManager, name: string) {
    this.#locks = locks;
    this.#name = name;
  }

  get owner(): boolean {
    return this.#letGo !== null;
  }

  /** Answers at once whether this page is the owner. If not, `onBecomeOwner` is called when it becomes so. */
  async start(onBecomeOwner: () => void): Promise<boolean> {
    const now = await this.#request({ ifAvailable: true });
    if (!now) void this.#wait(onBecomeOwner);
    return now;
  }

  /** Gives the rig up, for good: `pagehide`. */
  release(): void {
    this.#stopped.abort();
    this.#letGo?.();
    this.#letGo = null;
  }

  async #wait(onBecomeOwner: () => void): Promise<void> {
    while (!this.#stopped.signal.aborted) {
      const signal = AbortSignal.any([this.#stopped.signal, AbortSignal.timeout(RETRY_MS)]);
      if (await this.#request({ signal })) {
        onBecomeOwner();
        return;
      }
    }
  }

  /** True once the lock is held; it stays held until `release`. False when it was not to be had. */
  #request(options: LockOptions): Promise<boolean> {
    return new Promise((settle) => {
      const held = async (lock: Lock | null): Promise<void> => {
        if (lock === null || this.#stopped.signal.aborted) return settle(false);
        const released = new Promise<void>((resolve) => (this.#letGo = resolve));
        settle(true);
        await released;
      };
      // Rejects with AbortError when the signal fired before the grant.
      this.#locks.request(this.#name, options, held).catch(() => settle(false));
    });
  }
}

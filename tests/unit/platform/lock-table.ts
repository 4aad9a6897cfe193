/**
 * Web Locks as the standard has them, in memory: exclusive, first come first served, `ifAvailable`, `signal`.
 * Node 20 has none; the real ones are exercised in Chromium by the e2e tests.
 */
interface Waiter {
  readonly grant: () => void;
}

export class LockTable {
  readonly #held = new Set<string>();
  readonly #queues = new Map<string, Waiter[]>();

  request = async (
    name: string,
    options: LockOptions | LockGrantedCallback<unknown>,
    callback?: LockGrantedCallback<unknown>,
  ): Promise<unknown> => {
    const granted = callback ?? (options as LockGrantedCallback<unknown>);
    const { ifAvailable = false, signal } = callback === undefined ? {} : (options as LockOptions);
    if (ifAvailable && this.#held.has(name)) return granted(null);
    await this.#take(name, signal);
    try {
      return await granted({ name, mode: 'exclusive' });
    } finally {
      this.#pass(name);
    }
  };

  query = (): Promise<LockManagerSnapshot> => {
    const held = [...this.#held].map((name) => ({ name, mode: 'exclusive' as const, clientId: '' }));
    return Promise.resolve({ held, pending: [] });
  };

  #take(name: string, signal: AbortSignal | undefined): Promise<void> {
    if (!this.#held.has(name)) {
      this.#held.add(name);
      return Promise.resolve();
    }
    return new Promise((resolve, reject) => {
      const queue = this.#queues.get(name) ?? [];
      this.#queues.set(name, queue);
      const waiter = { grant: resolve };
      queue.push(waiter);
      signal?.addEventListener('abort', () => {
        const at = queue.indexOf(waiter);
        if (at < 0) return;
        queue.splice(at, 1);
        reject(new DOMException('aborted', 'AbortError'));
      });
    });
  }

  #pass(name: string): void {
    const next = this.#queues.get(name)?.shift();
    if (next === undefined) this.#held.delete(name);
    else next.grant();
  }
}

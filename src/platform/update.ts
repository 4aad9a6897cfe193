/** Message to a waiting service worker: take over now. */
export const SKIP_WAITING = { type: 'skip-waiting' } as const;

export interface UpdateView {
  readonly available: boolean;
  /** Why the update is not offered now. */
  readonly blockedBy: string | null;
}

/**
 * Registers the service worker and offers a waiting one only while no run is open. The page that accepts tells the
 * new worker to take over; then every page reloads into the new build.
 */
export class UpdateOffer {
  readonly #container: ServiceWorkerContainer;
  readonly #listeners = new Set<(view: UpdateView) => void>();
  #registration: ServiceWorkerRegistration | null = null;
  #runOpen = false;

  constructor(container: ServiceWorkerContainer, reload: () => void) {
    this.#container = container;
    // The first worker claims a page that had none: that is no update.
    let controlled = container.controller !== null;
    container.addEventListener('controllerchange', () => {
      if (controlled) reload();
      controlled = true;
    });
  }

  async register(url: string): Promise<void> {
    const registration = await this.#container.register(url, { type: 'classic', updateViaCache: 'none' });
    this.#registration = registration;
    registration.addEventListener('updatefound', () => {
      registration.installing?.addEventListener('statechange', () => this.#tell());
    });
    this.#tell();
  }

  view(): UpdateView {
    const available = (this.#registration?.waiting ?? null) !== null && this.#container.controller !== null;
    return { available, blockedBy: available && this.#runOpen ? 'A run is open. Stop it first.' : null };
  }

  setRunOpen(runOpen: boolean): void {
    if (runOpen === this.#runOpen) return;
    this.#runOpen = runOpen;
    this.#tell();
  }

  listen(listener: (view: UpdateView) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  /** Throws when there is nothing to apply or a run is open: the screen offers it only when both hold. */
  apply(): void {
    const { available, blockedBy } = this.view();
    if (!available || blockedBy !== null) throw new Error(blockedBy ?? 'There is no update to apply.');
    this.#registration?.waiting?.postMessage(SKIP_WAITING);
  }

  #tell(): void {
    const view = this.view();
    for (const listener of this.#listeners) listener(view);
  }
}

/** Chromium's event; not in any standard's type library. */
interface InstallPromptEvent extends Event {
  prompt(): Promise<{ readonly outcome: 'accepted' | 'dismissed' }>;
}

/** Keeps the browser's offer to install until the screen asks for it. One offer can be used once. */
export class InstallOffer {
  #offer: InstallPromptEvent | null = null;

  constructor(window: Window) {
    window.addEventListener('beforeinstallprompt', (event) => {
      event.preventDefault();
      this.#offer = event as InstallPromptEvent;
    });
    window.addEventListener('appinstalled', () => (this.#offer = null));
  }

  /** Null while the browser does not offer installation. The call resolves with the user's choice. */
  current(): (() => Promise<boolean>) | null {
    const offer = this.#offer;
    if (offer === null) return null;
    return async () => {
      this.#offer = null;
      return (await offer.prompt()).outcome === 'accepted';
    };
  }
}

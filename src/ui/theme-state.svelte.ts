import type { Kiosk } from './kiosk.ts';

export type Theme = 'light' | 'dark';

/** Light or dark: the device's own wish until someone chooses. */
export class ThemeState {
  current = $state<Theme>(matchMedia('(prefers-color-scheme: dark)').matches ? 'dark' : 'light');
  readonly #kiosk: Kiosk;

  constructor(kiosk: Kiosk) {
    this.#kiosk = kiosk;
    this.#apply(this.current);
    void kiosk.setting('theme').then((saved) => {
      if (saved === 'light' || saved === 'dark') this.#apply(saved);
    });
  }

  toggle(): void {
    this.#apply(this.current === 'dark' ? 'light' : 'dark');
    void this.#kiosk.setSetting('theme', this.current);
  }

  #apply(theme: Theme): void {
    this.current = theme;
    document.documentElement.dataset['theme'] = theme;
  }
}

/** The theme's tokens as colours a canvas understands (`light-dark()` resolves only in a real property). */
export class Colours {
  readonly #probe: HTMLElement;
  readonly #seen = new Map<string, string>();

  constructor(probe: HTMLElement) {
    this.#probe = probe;
  }

  of(token: string): string {
    let colour = this.#seen.get(token);
    if (colour === undefined) {
      this.#probe.style.setProperty('color', `var(${token})`);
      colour = getComputedStyle(this.#probe).color;
      this.#probe.style.removeProperty('color');
      this.#seen.set(token, colour);
    }
    return colour;
  }
}

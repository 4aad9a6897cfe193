/**
 * The last page of an open run asks before it goes: without a page nobody can make outputs safe (`design.md` §2).
 * Other pages hold a lock each, so a look at the locks tells whether this is the last; the question itself must be
 * answered at once, so the look is taken ahead of it, every 2 s.
 */
const LOOK_MS = 2000;

export class LeaveWarning {
  readonly #window: Window;
  readonly #locks: LockManager;
  readonly #isPageLock: (name: string) => boolean;
  #timer: ReturnType<typeof setInterval> | null = null;
  #alone = true;
  readonly #ask = (event: Event): void => {
    if (this.#alone) event.preventDefault();
  };

  constructor(window: Window, locks: LockManager, isPageLock: (name: string) => boolean) {
    this.#window = window;
    this.#locks = locks;
    this.#isPageLock = isPageLock;
  }

  want(runOpen: boolean): void {
    if (runOpen === (this.#timer !== null)) return;
    if (this.#timer === null) {
      this.#window.addEventListener('beforeunload', this.#ask);
      this.#timer = setInterval(() => void this.#look(), LOOK_MS);
      void this.#look();
    } else {
      this.#window.removeEventListener('beforeunload', this.#ask);
      clearInterval(this.#timer);
      this.#timer = null;
    }
  }

  async #look(): Promise<void> {
    const { held } = await this.#locks.query();
    this.#alone = (held ?? []).filter(({ name }) => name !== undefined && this.#isPageLock(name)).length <= 1;
  }
}

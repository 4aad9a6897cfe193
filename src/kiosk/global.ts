import type { Kiosk } from '../ui/kiosk.ts';

declare global {
  /** The app, for headless use and for tests. Set once it may be asked. */
  var benchseal: Kiosk;
}

export function publish(kiosk: Kiosk): void {
  globalThis.benchseal = kiosk;
}

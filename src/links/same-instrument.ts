import type { Identity } from '../instruments/adapter.ts';

/** Equal adapters cannot be told apart by the browser; the instruments behind them can, by what they say. */
export function isOther(now: Identity, before: Identity | null): boolean {
  return before !== null && (before.serial !== now.serial || before.model !== now.model);
}

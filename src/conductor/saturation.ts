/** A bridge that stays blocked is told once, as an error (`spec/capa.md` §4.3: deadline 10 s, looked at every second). */
import { KIND } from '../record/taxonomy.ts';
import type { BridgeCounters } from '../wire/messages.ts';
import type { Statement } from './own-producer.ts';

export const SATURATION_DEADLINE_MS = 10_000;

export class Saturation {
  readonly #told = new Set<string>();

  /** Events to state now; a bridge that has moved again may be told of again. */
  look(bridges: readonly { readonly resource: string; readonly counters: BridgeCounters }[]): Statement[] {
    return bridges.flatMap(({ resource, counters }) => {
      if (counters.blockedSinceMs < SATURATION_DEADLINE_MS) {
        if (counters.blockedSinceMs < 0) this.#told.delete(resource);
        return [];
      }
      if (this.#told.has(resource)) return [];
      this.#told.add(resource);
      const blockedS = counters.blockedSinceMs / 1000;
      const deadlineS = SATURATION_DEADLINE_MS / 1000;
      return [
        {
          kind: KIND.saturation,
          severity: 'error' as const,
          message: `${resource}: blocked for ${blockedS.toFixed(1)} s, deadline ${deadlineS} s`,
          metadata: { resource_id: resource, blocked_s: blockedS, deadline_s: deadlineS },
        },
      ];
    });
  }
}

/** Holes in reading that the conductor alone can see: a page reload or a new owner ends the workers that read. */
import type { HostMs } from '../record/clock.ts';
import type { Json } from '../record/event.ts';
import { isoUtc, type RunZero, tMonoNs } from '../record/clock.ts';
import { KIND } from '../record/taxonomy.ts';
import type { Statement } from './own-producer.ts';

export type GapCause = 'page_reload' | 'owner_changed' | 'worker_restarted';

interface Hole {
  readonly fromMs: HostMs;
  /** When it was noticed: what happened after that tells the cause. */
  readonly noticedMs: HostMs;
}

const WORDS: { readonly [cause in GapCause]: string } = {
  page_reload: 'the page was reloaded',
  owner_changed: 'another page took over',
  worker_restarted: 'its worker was restarted',
};

export interface ReadingFacts {
  readonly zero: RunZero;
  readonly rateHz: number;
  cause(noticedMs: HostMs): GapCause;
}

export class Gaps {
  /** Newest reading of each device in this run. */
  readonly #last = new Map<string, HostMs>();
  readonly #holes = new Map<string, Hole>();

  /** Forgets everything: between runs nobody counts. */
  clear(): void {
    this.#last.clear();
    this.#holes.clear();
  }

  /** The worker that read these devices is gone. Devices that never gave a reading in this run have no hole. */
  opened(devices: readonly string[], noticedMs: HostMs): void {
    for (const device of devices) {
      const fromMs = this.#last.get(device);
      if (fromMs !== undefined && !this.#holes.has(device)) this.#holes.set(device, { fromMs, noticedMs });
    }
  }

  /**
   * A reading of this run. Returns the hole it ends, to be recorded: both edges and the size in seconds.
   */
  reading(device: string, atMs: HostMs, facts: ReadingFacts): Statement | null {
    const hole = this.#holes.get(device);
    const last = this.#last.get(device);
    this.#last.set(device, last === undefined ? atMs : Math.max(last, atMs));
    // A resent reading from before the hole does not end it.
    if (hole === undefined || atMs <= hole.fromMs) return null;
    this.#holes.delete(device);
    // The old worker had sent more than was taken when it died: the hole begins later than noted.
    const fromMs = last === undefined ? hole.fromMs : Math.max(last, hole.fromMs);
    return statementOf(device, fromMs, atMs, facts.cause(hole.noticedMs), facts);
  }
}

function statementOf(
  device: string,
  fromMs: HostMs,
  atMs: HostMs,
  cause: GapCause,
  { zero, rateHz }: ReadingFacts,
): Statement {
  const gapS = (atMs - fromMs) / 1000;
  const metadata: { [key: string]: Json } = {
    device,
    cause,
    from_mono_ns: tMonoNs(fromMs, zero),
    to_mono_ns: tMonoNs(atMs, zero),
    from_utc: isoUtc(zero.utcMs + fromMs - zero.hostMs),
    to_utc: isoUtc(zero.utcMs + atMs - zero.hostMs),
    gap_s: gapS,
    missed_polls: Math.max(0, Math.round(gapS * rateHz) - 1),
  };
  return {
    kind: KIND.gap,
    severity: 'warning',
    message: `${device}: no readings for ${gapS.toFixed(2)} s because ${WORDS[cause]}`,
    metadata,
  };
}

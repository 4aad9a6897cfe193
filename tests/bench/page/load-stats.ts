/** What one bench instrument has made and seen acknowledged. `units` are samples, or bytes of a wire. */
export interface LoadStats {
  readonly device: string;
  readonly units: number;
  readonly unitsAcked: number;
  /** Complete in the source → flushed in the journal and acknowledged back, ms. */
  readonly latenciesMs: readonly number[];
  /** A byte that was not the one expected there; null = none. */
  readonly wrongAt: number | null;
}

const LATENCIES_MAX = 20_000;

/** Counts emissions until they are acknowledged. */
export class LoadTally {
  private readonly open = new Map<number, { readonly completeMs: number; readonly units: number }>();
  private readonly latencies: number[] = [];
  private units = 0;
  private unitsAcked = 0;

  /** Up to lane number `seq`, complete at `completeMs`. */
  made(seq: number, units: number, completeMs: number): void {
    this.units += units;
    this.open.set(seq, { completeMs, units });
  }

  acked(upTo: number, hostMs: number): void {
    for (const [seq, { completeMs, units }] of this.open) {
      if (seq > upTo) break;
      this.open.delete(seq);
      this.unitsAcked += units;
      if (this.latencies.length < LATENCIES_MAX) this.latencies.push(hostMs - completeMs);
    }
  }

  stats(device: string, wrongAt: number | null = null): LoadStats {
    return { device, units: this.units, unitsAcked: this.unitsAcked, latenciesMs: this.latencies, wrongAt };
  }
}

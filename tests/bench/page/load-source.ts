import type { DataItem } from '../../../src/record/item.ts';
import { itemBytes } from '../../../src/record/item.ts';

/** What every device of a bench run is to do. */
export interface Load {
  /** Blocks of this many values … */
  readonly blockSamples: number;
  /** … of each of these fields, together in one emission. */
  readonly fields: readonly string[];
  /** Samples a second and field; 0 = as fast as the bridge takes them. */
  readonly sampleHz: number;
}

/** What one source has made and seen acknowledged. */
export interface LoadStats {
  readonly device: string;
  readonly emissions: number;
  readonly samples: number;
  readonly samplesAcked: number;
  /** Complete in the source → flushed in the journal and acknowledged back, ms; the most recent. */
  readonly latenciesMs: readonly number[];
}

const POOL_VALUES = 65_536;
const LATENCIES_MAX = 20_000;

/** A random walk in steps of 0.001, as an ADC gives: compresses like one. */
function walk(): Float64Array {
  const values = new Float64Array(POOL_VALUES);
  let value = 0;
  let state = 12_345;
  for (let i = 0; i < values.length; i++) {
    state = (Math.imul(state, 1_103_515_245) + 12_345) & 0x7fffffff;
    value += ((state >> 16) % 7) - 3;
    values[i] = value / 1000;
  }
  return values;
}

/** Makes the emissions of one device and remembers when each was complete. */
export class LoadSource {
  readonly device: string;
  readonly load: Load;
  private readonly family: string;
  private readonly pool = walk();
  private readonly complete = new Map<number, number>();
  private readonly latencies: number[] = [];
  private place = 0;
  private ackedUpTo = 0;
  private samplesAcked = 0;
  emissions = 0;
  seq = 0;

  constructor(device: string, family: string, load: Load) {
    this.device = device;
    this.family = family;
    this.load = load;
  }

  /** A new run: lanes begin at 1. */
  begin(): void {
    this.seq = 0;
    this.ackedUpTo = 0;
    this.complete.clear();
    this.latencies.length = 0;
  }

  /** The next emission; its last value is complete at `hostMs`. */
  next(hostMs: number): {
    readonly items: readonly DataItem[];
    readonly firstSeq: number;
    readonly bytes: number;
  } {
    const { blockSamples, fields, sampleHz } = this.load;
    const dtMs = sampleHz > 0 ? 1000 / sampleHz : 0.01;
    const items = fields.map((field): DataItem => {
      this.place = (this.place + 997) % (POOL_VALUES - blockSamples);
      return {
        type: 'block',
        tHostMs: hostMs - dtMs * (blockSamples - 1),
        device: this.device,
        family: this.family,
        field,
        dtMs,
        values: this.pool.slice(this.place, this.place + blockSamples),
      };
    });
    const firstSeq = this.seq + 1;
    this.seq += items.length;
    this.emissions += 1;
    this.complete.set(this.seq, hostMs);
    return { items, firstSeq, bytes: items.reduce((sum, item) => sum + itemBytes(item, 'data'), 0) };
  }

  acked(upTo: number, hostMs: number): void {
    if (upTo <= this.ackedUpTo) return;
    this.samplesAcked += (upTo - this.ackedUpTo) * this.load.blockSamples;
    this.ackedUpTo = upTo;
    for (const [seq, completeMs] of this.complete) {
      if (seq > upTo) break;
      this.complete.delete(seq);
      if (this.latencies.length < LATENCIES_MAX) this.latencies.push(hostMs - completeMs);
    }
  }

  stats(): LoadStats {
    return {
      device: this.device,
      emissions: this.emissions,
      samples: this.emissions * this.load.blockSamples * this.load.fields.length,
      samplesAcked: this.samplesAcked,
      latenciesMs: this.latencies,
    };
  }
}

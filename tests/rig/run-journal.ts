import type { JournalItem, JournalRecord, JournalWire } from '../../src/formats/journal/item.ts';
import type { BundleFolder } from './readers/bundle-folder.ts';
import type { SqlRow } from './readers/sqlite-program.ts';

/** A bundle's two stores, read back by stock readers, and the questions tests ask of them. */
export class RunJournal {
  readonly bundle: BundleFolder;
  readonly items: readonly JournalItem[];
  readonly events: readonly SqlRow[];

  private constructor(bundle: BundleFolder, items: readonly JournalItem[], events: readonly SqlRow[]) {
    this.bundle = bundle;
    this.items = items;
    this.events = events;
  }

  static async read(bundle: BundleFolder): Promise<RunJournal> {
    return new RunJournal(bundle, await bundle.journal(), bundle.events());
  }

  wire(port: string): JournalWire[] {
    return this.items.filter((item): item is JournalWire => item.type === 'wire' && item.port === port);
  }

  records(device: string): JournalRecord[] {
    return this.items.filter(
      (item): item is JournalRecord => item.type === 'record' && item.device === device,
    );
  }

  eventsOf(kind: string): SqlRow[] {
    return this.events.filter((row) => row['kind'] === kind);
  }

  /** Wall clock of the first event of this kind, epoch ms. */
  utcMsOf(kind: string): number {
    const [row] = this.eventsOf(kind);
    if (row === undefined) throw new Error(`no event ${kind}`);
    return Date.parse(String(row['t_utc']));
  }

  /** Longest time between two records of a device that follow each other, s. */
  longestGapS(device: string): number {
    const times = this.records(device).map((record) => record.tMonoNs);
    const gaps = times.slice(1).map((time, index) => time - (times[index] ?? time));
    return Math.max(0, ...gaps) / 1e9;
  }

  /** Lane numbers that are missing or doubled, per producer; empty when every lane runs 1, 2, 3 … */
  laneFaults(): string[] {
    return [...new Set(this.items.map((item) => item.producer))].flatMap((producer) => {
      const seqs = this.items
        .filter((item) => item.producer === producer)
        .map((item) => item.seq)
        .sort((a, b) => a - b);
      return seqs
        .flatMap((seq, index) => (seq === index + 1 ? [] : [`${producer}: ${seq} at place ${index + 1}`]))
        .slice(0, 3);
    });
  }
}

/** Metadata of an event row. */
export function metadataOf(row: SqlRow): { readonly [key: string]: unknown } {
  return JSON.parse(String(row['metadata_json'] ?? '{}')) as { readonly [key: string]: unknown };
}

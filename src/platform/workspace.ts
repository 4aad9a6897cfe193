import Dexie from 'dexie';
import type { EntityTable, Table } from 'dexie';

export type SettingKey = 'operatorId' | 'operatorName' | 'theme';

interface Setting {
  readonly key: SettingKey | 'lastRig';
  readonly value: string;
}

/** The columns the catalog is searched by; the row has all of `spec/capa.md` §1.6. */
export interface CatalogRow {
  readonly run_id: string;
  readonly started_utc: string;
}

type Store<TRow> = Dexie & {
  readonly settings: EntityTable<Setting, 'key'>;
  readonly bundles: Table<TRow, string>;
};

/**
 * What this origin remembers beside the slots: settings, the last rig, the catalog of bundles. Nothing here is a
 * record: the catalog can be thrown away and rebuilt from the slots at any time.
 */
export class Workspace<TRow extends CatalogRow> {
  readonly #db: Store<TRow>;

  constructor(name = 'benchseal') {
    this.#db = new Dexie(name) as Store<TRow>;
    this.#db.version(1).stores({
      settings: 'key',
      bundles: 'run_id, started_utc, run_status, bundle_status, integrity_status',
    });
  }

  async setting(key: Setting['key']): Promise<string | null> {
    return (await this.#db.settings.get(key))?.value ?? null;
  }

  async setSetting(key: Setting['key'], value: string): Promise<void> {
    await this.#db.settings.put({ key, value });
  }

  /** Newest first. */
  async bundles(): Promise<readonly TRow[]> {
    return this.#db.bundles.orderBy('started_utc').reverse().toArray();
  }

  /** The row of one bundle in other words; nothing happens to one that is not listed. */
  async changeBundle(runId: string, change: (row: TRow) => TRow): Promise<void> {
    const { bundles } = this.#db;
    await this.#db.transaction('rw', bundles, async () => {
      const row = await bundles.get(runId);
      if (row !== undefined) await bundles.put(change(row));
    });
  }

  /** The catalog becomes exactly these rows, made of what it holds at that moment. */
  async replaceBundles(rowsOf: (known: readonly TRow[]) => readonly TRow[]): Promise<void> {
    const { bundles } = this.#db;
    await this.#db.transaction('rw', bundles, async () => {
      const rows = rowsOf(await bundles.toArray());
      await bundles.clear();
      await bundles.bulkPut([...rows]);
    });
  }

  close(): void {
    this.#db.close();
  }
}

import type { JournalItem } from '../../formats/journal/item.ts';
import { jsonLine } from '../../formats/json-text.ts';
import { STATUS_INSERT, STATUS_SCHEMA, statusParameters } from '../../formats/status-sqlite.ts';
import { isoUtc, type RunZero } from '../../record/clock.ts';
import type { SqliteFile, SqliteFiles, SqlValue } from '../../storage/sqlite-files.ts';
import { identityIn, type NamedIdentity } from '../identity.ts';
import type { Spool } from '../spool.ts';
import type { DerivedMember, Deriver } from './deriver.ts';

export const STATUS_PATH = 'status.sqlite';

/** `status.sqlite`: the health of every device over the run. */
export class StatusDeriver implements Deriver {
  readonly #spool: Spool;
  readonly #database: SqliteFile;
  readonly #zero: RunZero;
  readonly #identities = new Map<string, NamedIdentity>();
  #batch: (readonly SqlValue[])[] = [];
  #rows = 0;

  private constructor(spool: Spool, database: SqliteFile, zero: RunZero) {
    this.#spool = spool;
    this.#database = database;
    this.#zero = zero;
  }

  static async create(spool: Spool, sqlite: SqliteFiles, zero: RunZero): Promise<StatusDeriver> {
    const database = await sqlite.create(spool);
    for (const sql of STATUS_SCHEMA) await database.run(sql);
    return new StatusDeriver(spool, database, zero);
  }

  take(item: JournalItem): void {
    if (item.type !== 'status') return;
    const { family: adapter, device, tMonoNs, health } = item;
    const identity = identityIn(item.fields);
    if (identity !== null) this.#identities.set(device, identity);
    const tUtc = isoUtc(this.#zero.utcMs + tMonoNs / 1e6);
    this.#batch.push(
      statusParameters({ adapter, device, tMonoNs, tUtc, health, fieldsJson: jsonLine(item.fields) }),
    );
    this.#rows += 1;
  }

  /** Who each device said it was, as its status repeats it: a run that crashed has no better word. */
  identities(): ReadonlyMap<string, NamedIdentity> {
    return this.#identities;
  }

  async relieve(): Promise<void> {
    if (this.#batch.length === 0) return;
    await this.#database.insertAll(STATUS_INSERT, this.#batch);
    this.#batch = [];
    await this.#spool.relieve();
  }

  async finish(): Promise<readonly DerivedMember[]> {
    await this.relieve();
    await this.#database.close();
    return [{ spool: this.#spool, rows: this.#rows, warnings: [] }];
  }
}

import { ByteWriter, ParquetWriter } from 'hyparquet-writer';
import { parquetSchema, RowGroup, type TableCell, type TableColumn } from '../../formats/parquet/table.ts';
import type { Spool } from '../spool.ts';

/** Hands every row group's bytes on, so that the writer's buffer never holds more than one. */
class SpoolWriter extends ByteWriter {
  readonly #spool: Spool;

  constructor(spool: Spool) {
    super(1 << 16);
    this.#spool = spool;
  }
  flush(): void {
    this.#spool.append(this.getBytes());
    this.index = 0;
  }
  override finish(): void {
    this.flush();
  }
}

/** A Parquet file written row group by row group. SNAPPY: one codec every reader has, and the writer's own. */
export class ParquetFile {
  readonly spool: Spool;
  readonly #writer: ParquetWriter;
  readonly #group: RowGroup;
  #rows = 0;

  constructor(spool: Spool, columns: readonly TableColumn[]) {
    this.spool = spool;
    this.#group = new RowGroup(columns);
    this.#writer = new ParquetWriter({
      writer: new SpoolWriter(spool),
      schema: parquetSchema(columns),
      codec: 'SNAPPY',
      createdBy: 'benchseal',
    });
  }

  get rows(): number {
    return this.#rows;
  }

  push(cells: readonly TableCell[]): void {
    this.#group.push(cells);
    this.#rows += 1;
    if (this.#group.full) this.#writeGroup();
  }

  finish(): void {
    if (this.#group.rows > 0) this.#writeGroup();
    void this.#writer.finish();
  }

  #writeGroup(): void {
    const rowGroupSize = this.#group.rows;
    // Synchronous: our writer's flush returns nothing to wait for.
    void this.#writer.write({ columnData: this.#group.take(), rowGroupSize });
  }
}

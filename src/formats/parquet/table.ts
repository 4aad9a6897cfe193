import type { ColumnSource, SchemaElement } from 'hyparquet-writer';

/**
 * - `dictionary`: string with dictionary encoding, for columns of few words.
 * - `timestamp`: microseconds since the epoch, UTC.
 */
export type ColumnKind = 'int64' | 'float64' | 'bool' | 'string' | 'dictionary' | 'timestamp';

export interface TableColumn {
  readonly name: string;
  readonly kind: ColumnKind;
  readonly required: boolean;
}

/** In memory: bigint for `int64` and `timestamp`. Null only where the column is not required. */
export type TableCell = number | bigint | boolean | string | null;

/** Rows of one row group. `spec/capa.md` §3.3 allows 262,144; a quarter keeps the seal's memory flat. */
export const ROW_GROUP_ROWS = 65_536;

export function parquetSchema(columns: readonly TableColumn[]): SchemaElement[] {
  return [
    { name: 'schema', num_children: columns.length },
    ...columns.map(({ name, kind, required }): SchemaElement => {
      const repetition_type = required ? 'REQUIRED' : 'OPTIONAL';
      switch (kind) {
        case 'int64':
          return { name, type: 'INT64', repetition_type };
        case 'float64':
          return { name, type: 'DOUBLE', repetition_type };
        case 'bool':
          return { name, type: 'BOOLEAN', repetition_type };
        case 'string':
        case 'dictionary':
          return {
            name,
            type: 'BYTE_ARRAY',
            converted_type: 'UTF8',
            logical_type: { type: 'STRING' },
            repetition_type,
          };
        case 'timestamp':
          return {
            name,
            type: 'INT64',
            converted_type: 'TIMESTAMP_MICROS',
            logical_type: { type: 'TIMESTAMP', isAdjustedToUTC: true, unit: 'MICROS' },
            repetition_type,
          };
      }
    }),
  ];
}

/** Rows on their way into one row group, kept by column. Holds at most `ROW_GROUP_ROWS`. */
export class RowGroup {
  readonly columns: readonly TableColumn[];
  readonly #data: TableCell[][];
  #rows = 0;

  constructor(columns: readonly TableColumn[]) {
    this.columns = columns;
    this.#data = columns.map(() => []);
  }

  get rows(): number {
    return this.#rows;
  }
  get full(): boolean {
    return this.#rows >= ROW_GROUP_ROWS;
  }

  push(cells: readonly TableCell[]): void {
    if (this.full) throw new Error(`row group is full at ${this.#rows} rows`);
    if (cells.length !== this.columns.length)
      throw new Error(`row of ${cells.length} cells in a table of ${this.columns.length} columns`);
    for (const [index, column] of this.columns.entries()) {
      const cell = cells[index] ?? null;
      if (!fits(cell, column))
        throw new Error(
          `column ${column.name} (${column.kind}) does not take ${typeof cell} ${String(cell)}`,
        );
      this.#data[index]?.push(cell);
    }
    this.#rows += 1;
  }

  /** Takes the rows out, in the form `ParquetWriter.write` wants. */
  take(): ColumnSource[] {
    const sources = this.columns.map(({ name, kind }, index): ColumnSource => {
      const data = this.#data[index] ?? [];
      this.#data[index] = [];
      if (kind === 'dictionary') return { name, data, encoding: 'RLE_DICTIONARY' };
      return { name, data, ...(kind === 'string' ? {} : { encoding: kind === 'bool' ? 'RLE' : 'PLAIN' }) };
    });
    this.#rows = 0;
    return sources;
  }
}

function fits(cell: TableCell, { kind, required }: TableColumn): boolean {
  if (cell === null) return !required;
  switch (kind) {
    case 'int64':
    case 'timestamp':
      return typeof cell === 'bigint';
    case 'float64':
      return typeof cell === 'number';
    case 'bool':
      return typeof cell === 'boolean';
    case 'string':
    case 'dictionary':
      return typeof cell === 'string';
  }
}

import { runProgram } from './program.ts';

export type SqlRow = { readonly [column: string]: string | number | null };

/** Answer of the `sqlite3` program to one query, read-only and refusing anything that is not SQL. */
export function sqlite(file: string, query: string): SqlRow[] {
  const text = runProgram('sqlite3', ['-safe', '-readonly', '-json', file, query]);
  return text.trim() === '' ? [] : (JSON.parse(text) as SqlRow[]);
}

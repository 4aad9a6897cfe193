/** One line of the table. A number nobody measured has no line. */
export interface BenchRow {
  readonly what: string;
  readonly value: number;
  readonly unit: string;
  /** What it is compared with, measured in the same run, in the same unit. */
  readonly peer?: { readonly name: string; readonly value: number };
  /** What it should be: at least or at most. */
  readonly target?: { readonly kind: 'at least' | 'at most'; readonly value: number };
}

export function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = sorted.length / 2;
  return sorted.length % 2 === 1
    ? (sorted[Math.floor(middle)] ?? NaN)
    : ((sorted[middle - 1] ?? NaN) + (sorted[middle] ?? NaN)) / 2;
}

/** 1,234,567 · 12.3 · 0.0042 */
function number(value: number): string {
  const digits = Math.abs(value) >= 100 ? 0 : Math.abs(value) >= 1 ? 1 : 3;
  return value.toLocaleString('en-US', { maximumFractionDigits: digits });
}

function cells(row: BenchRow): string[] {
  const { peer, target } = row;
  return [
    row.what,
    `${number(row.value)} ${row.unit}`,
    peer === undefined ? '' : `${number(peer.value)} ${row.unit} (${peer.name})`,
    peer === undefined ? '' : `× ${number(row.value / peer.value)}`,
    target === undefined ? '' : `${target.kind} ${number(target.value)}`,
    target === undefined ? '' : meets(row, target) ? 'met' : 'MISSED',
  ];
}

function meets(row: BenchRow, target: NonNullable<BenchRow['target']>): boolean {
  return target.kind === 'at least' ? row.value >= target.value : row.value <= target.value;
}

export function formatTable(rows: readonly BenchRow[]): string {
  const lines = [['what', 'measured', 'peer, same run', 'ratio', 'target', ''], ...rows.map(cells)];
  const widths =
    lines[0]?.map((_, column) => Math.max(...lines.map((line) => line[column]?.length ?? 0))) ?? [];
  return lines
    .map((line) =>
      line
        .map((cell, column) => cell.padEnd(widths[column] ?? 0))
        .join('  ')
        .trimEnd(),
    )
    .join('\n');
}

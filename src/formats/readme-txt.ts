export interface ReadmeFacts {
  readonly runId: string;
  readonly sampleId: string;
  readonly operator: string;
  readonly startedUtc: string;
  readonly endedUtc: string;
  readonly runStatus: string;
  readonly exitReason: string;
  readonly members: readonly { readonly path: string; readonly what: string }[];
}

/** `README.txt`: what lies here and how to open it, for someone who finds this folder in ten years. UTF-8. */
export function formatReadme(given: ReadmeFacts): string {
  const facts = { ...given, sampleId: oneLine(given.sampleId), operator: oneLine(given.operator) };
  const width = Math.max(...facts.members.map(({ path }) => path.length));
  return `${[
    `Benchseal run ${facts.runId}`,
    '',
    `Sample    ${facts.sampleId}`,
    `Operator  ${facts.operator}`,
    `Started   ${facts.startedUtc}`,
    `Ended     ${facts.endedUtc}`,
    `Outcome   ${facts.runStatus} (${oneLine(facts.exitReason)})`,
    '',
    'Members',
    '',
    ...facts.members.map(({ path, what }) => `  ${path.padEnd(width)}  ${what}`),
    '',
    'Check that nothing changed since the seal',
    '',
    '  sha256sum -c manifest.sha256',
    '',
    'The SHA-256 of manifest.sha256 itself is the root digest. Compare it with a copy kept elsewhere (the export',
    'receipt, a notebook): whoever can write to this folder could also rewrite the list.',
    '',
    'Read',
    '',
    '  sqlite3 events.sqlite "SELECT t_utc, severity, kind, message FROM events ORDER BY t_mono_ns"',
    '  jq -c \'select(.level | IN("WARNING","ERROR"))\' run.log',
    '  duckdb -c "SELECT channel, count(*), avg(value) FROM \'scalars.parquet\' GROUP BY channel"',
    '',
    't_mono_ns counts nanoseconds from the start of the run and is the only key that joins files. t_utc may jump',
    'when the clock of the computer was set. The journal under mcap/ holds every byte on every wire; everything',
    'else but events.sqlite was derived from it and can be derived again.',
  ].join('\n')}\n`;
}

/** What people typed, on one line: no control character can draw another, no half of a surrogate pair is left. */
function oneLine(text: string): string {
  return text.replace(/[\p{Cc}\p{Zl}\p{Zp}]+/gu, ' ').toWellFormed();
}

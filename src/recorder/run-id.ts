const SLUG_CHARS_MAX = 64;

/** `YYYY-MM-DD_HHMMSS_<sample-slug>`, UTC; `-2`, `-3`, … when it is taken (`design.md` §5). */
export function runId(zeroUtcMs: number, sampleId: string, taken: ReadonlySet<string>): string {
  const [date, time] = new Date(zeroUtcMs).toISOString().split('T') as [string, string];
  const slug = sampleId.replaceAll(/[^A-Za-z0-9._-]/g, '-').slice(0, SLUG_CHARS_MAX) || 'sample';
  const base = `${date}_${time.slice(0, 8).replaceAll(':', '')}_${slug}`;
  for (let count = 1; ; count++) {
    const id = count === 1 ? base : `${base}-${count}`;
    if (!taken.has(id)) return id;
  }
}

/** `mcap/session_<id8>_<unix>_<part>.mcap`. */
export function partPath(runUuid: string, zeroUtcMs: number, index: number): string {
  const id8 = runUuid.replaceAll('-', '').slice(0, 8);
  const unixS = Math.floor(zeroUtcMs / 1000);
  return `mcap/session_${id8}_${unixS}_${String(index).padStart(4, '0')}.mcap`;
}

export const EVENTS_PATH = 'events.sqlite';

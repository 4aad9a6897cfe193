import { jsonLine, type JsonText } from './json-text.ts';
import type { LogLine } from './run-log.ts';

/** At most this much of the time before run zero goes into a bundle (`design.md` §5). */
export const PRERUN_MS_MAX = 10 * 60_000;

/**
 * `prerun.log`: what the kiosk logged before the run was opened, oldest first, same keys as `run.log` without the
 * run's own. Lines after `zeroUtcMs` or older than the limit are left out.
 */
export function formatPrerunLog(lines: readonly LogLine[], zeroUtcMs: number): string {
  return lines
    .filter(({ timestamp }) => {
      const atMs = Date.parse(timestamp);
      return atMs <= zeroUtcMs && atMs >= zeroUtcMs - PRERUN_MS_MAX;
    })
    .map(({ timestamp, level, event, fields }) => {
      const line: Record<string, JsonText> = { timestamp, level, event };
      for (const [key, value] of Object.entries(fields)) if (!(key in line)) line[key] = value;
      return `${jsonLine(line)}\n`;
    })
    .join('');
}

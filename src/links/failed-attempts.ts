/** What failed on the wire of one device, also where a repeat helped: counted by code, and each repeat told in the log. */
import type { Poll } from '../instruments/adapter.ts';
import type { LogItem } from '../record/item.ts';
import type { DeviceVoice } from './device-voice.ts';
import type { FailedAttempt } from './exchange-line.ts';
import type { Tally } from './tally.ts';

/** Counts them; the log lines are those of attempts that were repeated, since nobody else tells of them. */
export function account(failed: readonly FailedAttempt[], tally: Tally, voice: DeviceVoice): LogItem[] {
  for (const { code } of failed) tally.counted(code);
  return failed
    .filter(({ repeated }) => repeated)
    .map(({ code, detail, attempt }) =>
      voice.logItem('WARNING', 'transport.retry', { code, detail, attempt }),
    );
}

/** The device spoke and gave something: a refusal of one parameter is not silence. */
export function isGood({ failure, records }: Poll): boolean {
  if (failure === null) return true;
  return records.length > 0 && (failure.code === 'nak' || failure.code === 'unexpected');
}

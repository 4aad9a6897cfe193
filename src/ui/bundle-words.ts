import type { BundleSummary } from '../bundle/types.ts';
import { words } from './words/words.ts';

export type BundleLevel = 'ok' | 'warn' | 'fail' | 'idle';

/** Reading of the three statuses as `spec/capa.md` §1.2 teaches analysts. */
export function bundleReading(row: BundleSummary): { readonly text: string; readonly level: BundleLevel } {
  const say = words.bundleStatus;
  if (row.bundle_status === 'verification_failed') return { text: say.failed, level: 'fail' };
  if (row.integrity_status === 'mismatch') return { text: say.mismatch, level: 'fail' };
  if (row.bundle_status === 'open') return { text: say.open, level: 'warn' };
  if (row.bundle_status === 'finalizing') return { text: say.finalizing, level: 'warn' };
  if (row.bundle_status === 'finalized_unverified') return { text: say.unverified, level: 'warn' };
  if (row.integrity_status === 'partial') return { text: say.partial, level: 'warn' };
  if (row.integrity_status === 'unknown') return { text: say.unknown, level: 'idle' };
  if (row.run_status === 'crashed') return { text: say.crashed, level: 'warn' };
  if (row.run_status === 'aborted') return { text: say.stopped, level: 'ok' };
  return { text: say.good, level: 'ok' };
}

/** Length of the run in seconds; null while it has no end. */
export function lastedS(row: BundleSummary): number | null {
  if (row.ended_utc === null) return null;
  const ms = Date.parse(row.ended_utc) - Date.parse(row.started_utc);
  return Number.isFinite(ms) ? ms / 1000 : null;
}

/** How the run ended, in words; null while only the machine's word is known (`spec/capa.md` §1.2). */
export function endedText(row: BundleSummary): string | null {
  return (row.exit_reason === null ? undefined : words.bundles.endedBy[row.exit_reason]) ?? null;
}

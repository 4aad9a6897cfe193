import type { ExportFailure } from './types.ts';

/** The browser's errors while picking and writing, as values (`spec/browser-platform.md`). */
export function failureOf(error: unknown): ExportFailure {
  const name = error instanceof Error || error instanceof DOMException ? error.name : '';
  const detail = error instanceof Error || error instanceof DOMException ? error.message : String(error);
  if (name === 'AbortError') return { ok: false, code: 'cancelled', detail: 'the export was cancelled' };
  if (name === 'QuotaExceededError')
    return { ok: false, code: 'full', detail: `the target is full: ${detail}` };
  return { ok: false, code: 'failed', detail };
}

import type { JournalItem } from '../formats/journal/item.ts';
import type { PartItem } from '../formats/journal/part-reader.ts';

/** One part, opened: its first and last `log_time`, and its items in order. */
export interface OrderedPart {
  readonly path: string;
  readonly startNs: bigint;
  readonly endNs: bigint;
  items(): AsyncIterator<PartItem, void, void>;
}

/** Items of equal time that may wait to be ordered; more would mean a clock that stands still. */
const TIE_MAX = 100_000;

/**
 * Items of all parts in `t_mono_ns` order, ties by device, then producer and sequence (`design.md` §5). A part is
 * opened when its time comes, so memory is the chunks that overlap, also across a hundred parts.
 */
export async function* inOrder(parts: readonly OrderedPart[]): AsyncGenerator<JournalItem, void, void> {
  const waiting = [...parts].sort((a, b) => compareNs(a.startNs, b.startNs) || (a.path < b.path ? -1 : 1));
  const open: { head: PartItem; readonly rest: AsyncIterator<PartItem, void, void> }[] = [];
  let ties: JournalItem[] = [];
  let tieNs = 0n;
  for (;;) {
    const next = open.reduce<(typeof open)[number] | null>(
      (first, part) => (first === null || part.head.logTimeNs < first.head.logTimeNs ? part : first),
      null,
    );
    const due = waiting[0];
    if (due !== undefined && (next === null || due.startNs <= next.head.logTimeNs)) {
      waiting.shift();
      const rest = due.items();
      const first = await rest.next();
      if (first.done !== true) open.push({ head: first.value, rest });
      continue;
    }
    if (next === null) break;
    const { item, logTimeNs } = next.head;
    if (item !== null) {
      if (logTimeNs !== tieNs && ties.length > 0) {
        yield* ties.sort(compareItems);
        ties = [];
      }
      tieNs = logTimeNs;
      if (ties.push(item) > TIE_MAX) throw new Error(`more than ${TIE_MAX} journal items at one instant`);
    }
    const following = await next.rest.next();
    if (following.done === true) open.splice(open.indexOf(next), 1);
    else next.head = following.value;
  }
  yield* ties.sort(compareItems);
}

function compareNs(a: bigint, b: bigint): number {
  return a < b ? -1 : a > b ? 1 : 0;
}

function compareItems(a: JournalItem, b: JournalItem): number {
  const left = deviceOf(a);
  const right = deviceOf(b);
  if (left !== right) return left < right ? -1 : 1;
  if (a.producer !== b.producer) return a.producer < b.producer ? -1 : 1;
  return a.seq - b.seq;
}

function deviceOf(item: JournalItem): string {
  return item.type === 'log' ? '' : item.device;
}

/** Every row is this high, so that 5,000 of them need only a screenful of elements. Matches `.row` in `event-row.svelte`. */
export const ROW_PX = 64;
/** Drawn beyond each edge, so that a fast scroll shows no blank. */
const OVERSCAN = 40;

export interface RowWindow {
  readonly first: number;
  /** Exclusive. */
  readonly end: number;
}

/** Rows to draw of `count` when the list is scrolled to `scrollTop` and is `height` high, pixels. */
export function rowWindow(count: number, scrollTop: number, height: number): RowWindow {
  const first = Math.max(0, Math.floor(scrollTop / ROW_PX) - OVERSCAN);
  const end = Math.min(count, Math.ceil((scrollTop + height) / ROW_PX) + OVERSCAN);
  return { first: Math.min(first, Math.max(0, end - 1)), end };
}

/** At the bottom, give or take half a row: only there does the list follow. */
export function atBottom(scrollTop: number, height: number, scrollHeight: number): boolean {
  return scrollHeight - scrollTop - height < ROW_PX / 2;
}

/**
 * Everything a test starts that outlives a function call: processes, browsers, servers, folders. A test that ends with
 * some of it left open fails, and what it left is closed so that the next test starts clean.
 */
interface OpenItem {
  readonly what: string;
  readonly close: () => Promise<void>;
}
const open = new Set<OpenItem>();

/** Notes something as open. Call the result when it is closed. */
export function noteOpen(what: string, close: () => Promise<void>): () => void {
  const item: OpenItem = { what, close };
  open.add(item);
  return () => void open.delete(item);
}

/** To be called after each test. */
export async function expectNothingOpen(): Promise<void> {
  const left = [...open];
  open.clear();
  await Promise.allSettled(left.map((item) => item.close()));
  if (left.length > 0) throw new Error(`The test left open: ${left.map((item) => item.what).join(', ')}`);
}

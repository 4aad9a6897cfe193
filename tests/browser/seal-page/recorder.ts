/** Stands for the recorder (the page's Trusted Types admit its name): leaves two closed parts and a run's events. */
import { loadZstd } from '../../../src/recorder/zstd.ts';
import { OpfsDirectory, SLOT_FOLDER } from '../../../src/storage/opfs-directory.ts';
import { SlotStore } from '../../../src/storage/slot-store.ts';
import { loadSqlite } from '../../../src/storage/sqlite-engine.ts';
import { SqliteFiles } from '../../../src/storage/sqlite-files.ts';
import { closedSlot, eventsBytes, partBytes, polls } from '../../unit/bundle/made-run.ts';

type Wanted = { count: number } | { slot: string; offset: number };

declare const self: {
  onmessage: ((event: MessageEvent<Wanted>) => void) | null;
  postMessage(message: unknown): void;
};

function* firstHalf<T>(items: Iterator<T>, count: number): Generator<T, void, void> {
  for (let i = 0; i < count; i += 1) {
    const next = items.next();
    if (next.done === true) return;
    yield next.value;
  }
}

async function record(count: number): Promise<number> {
  const clock = { monoMs: () => performance.now(), utcMs: () => Date.now() };
  const slots = await SlotStore.open(await OpfsDirectory.open(SLOT_FOLDER), clock);
  await slots.topUp(3);
  const { compress } = await loadZstd();
  const lanes = new Map<string, number>();
  const all = polls(count);
  const first = partBytes(compress, firstHalf(all, count), lanes, true);
  await closedSlot(slots, 'mcap/session_0190_1_0001.mcap', first);
  const second = partBytes(compress, all, lanes, false);
  await closedSlot(slots, 'mcap/session_0190_1_0002.mcap', second);
  const sqlite = new SqliteFiles((await loadSqlite()).module);
  await closedSlot(slots, 'events.sqlite', await eventsBytes(sqlite));
  await slots.topUp(8);
  return first.length + second.length;
}

async function flip(at: { readonly slot: string; readonly offset: number }): Promise<void> {
  const directory = await OpfsDirectory.open(SLOT_FOLDER);
  const file = await directory.open(at.slot, { create: false });
  if (file === null) throw new Error(`slot ${at.slot} is held`);
  const byte = new Uint8Array(1);
  file.read(byte, { at: at.offset });
  byte[0] = (byte[0] ?? 0) ^ 1;
  file.write(byte, { at: at.offset });
  file.flush();
  file.close();
}

self.onmessage = ({ data }: MessageEvent<Wanted>) => {
  const work = 'count' in data ? record(data.count) : flip(data);
  work.then(
    (value) => self.postMessage({ ok: true, value }),
    (error: unknown) => self.postMessage({ ok: false, error: String(error) }),
  );
};

import { Bundles } from '../../../src/bundle/bundle-control.ts';
import { slotMembers } from '../../../src/bundle/slot-members.ts';
import type { SealTools } from '../../../src/bundle/seal.ts';
import { DECLARATIONS } from '../../../src/instruments/declarations.ts';
import { SlotStore } from '../../../src/storage/slot-store.ts';
import { ManualClock, MemoryDirectory } from '../storage/memory-directory.ts';
import { closedSlot, eventsBytes, partBytes, polls, RUN_ID } from './made-run.ts';
import { codec, sqliteFiles } from './recorded-run.ts';

export const BUILD = {
  version: '0.1.0',
  buildHash: 'sealer',
  gitSha: 's',
  gitDirty: false,
  buildTime: 'now',
};
export const PART_1 = 'mcap/session_0190_1_1.mcap';
export const PART_2 = 'mcap/session_0190_1_2.mcap';
export const quiet = () => undefined;

export interface Bench {
  readonly directory: MemoryDirectory;
  readonly clock: ManualClock;
  readonly store: SlotStore;
  readonly bundles: Bundles;
  readonly slept: number[];
}

export async function bench(
  options: {
    cut?: number;
    isEnded?: boolean;
    waiver?: 'none' | 'simulated';
    count?: number;
    spares?: number;
  } = {},
): Promise<Bench> {
  const directory = new MemoryDirectory();
  const clock = new ManualClock();
  const store = await SlotStore.open(directory, clock);
  const count = options.count ?? 100;
  const lanes = new Map<string, number>();
  const all = [...polls(count)];
  const half = Math.floor(all.length / 2);
  await store.topUp(3);
  const { compress } = await codec();
  const first = partBytes(compress, all.slice(0, half), lanes, true, options.waiver);
  const second = partBytes(compress, all.slice(half), lanes, false);
  await closedSlot(store, PART_1, first);
  await closedSlot(store, PART_2, second.slice(0, second.length - (options.cut ?? 0)));
  await closedSlot(store, 'events.sqlite', await eventsBytes(await sqliteFiles(), options.isEnded ?? true));
  await store.topUp(options.spares ?? 3);
  const slept: number[] = [];
  const tools: SealTools = {
    slots: store,
    sqlite: await sqliteFiles(),
    declarations: DECLARATIONS,
    codec: await codec(),
    build: BUILD,
    sleep: (ms) => {
      slept.push(ms);
      clock.pass(ms);
      return Promise.resolve();
    },
  };
  return { directory, clock, store, bundles: new Bundles(tools), slept };
}

export async function contents(at: Bench): Promise<Map<string, Buffer>> {
  const members = await at.bundles.members(RUN_ID);
  const source = slotMembers(at.store, members);
  const found = new Map<string, Buffer>();
  for (const { path } of members) {
    const chunks = [];
    for await (const chunk of source.read(path)) chunks.push(Buffer.from(chunk));
    found.set(path, Buffer.concat(chunks));
  }
  return found;
}

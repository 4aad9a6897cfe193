/** Seals, verifies and lists bundles. Killable: a seal that has not committed is done again. Wiring only. */
import { Bundles } from '../src/bundle/bundle-control.ts';
import type { BundleStart } from '../src/bundle/types.ts';
import { DECLARATIONS } from '../src/instruments/declarations.ts';
import { loadZstd } from '../src/recorder/zstd.ts';
import { OpfsDirectory, SLOT_FOLDER } from '../src/storage/opfs-directory.ts';
import { SlotStore } from '../src/storage/slot-store.ts';
import { loadSqlite } from '../src/storage/sqlite-engine.ts';
import { SqliteFiles } from '../src/storage/sqlite-files.ts';
import { connectControl } from '../src/wire/call.ts';

declare const self: DedicatedWorkerGlobalScope;

const clock = { monoMs: () => performance.now(), utcMs: () => Date.now() };

async function createBundles(): Promise<Bundles> {
  const slots = await SlotStore.open(await OpfsDirectory.open(SLOT_FOLDER), clock);
  return new Bundles({
    slots,
    sqlite: new SqliteFiles((await loadSqlite()).module),
    declarations: DECLARATIONS,
    codec: await loadZstd(),
    build: {
      version: __BUILD__.version,
      buildHash: __BUILD__.hash,
      gitSha: __BUILD__.gitSha,
      gitDirty: __BUILD__.gitDirty,
      buildTime: __BUILD__.builtUtc,
    },
    sleep: (ms) => new Promise((done) => setTimeout(done, ms)),
  });
}

self.onmessage = ({ data }: MessageEvent<BundleStart>) => {
  // Calls that come before the slots are read wait for it.
  const bundles = createBundles();
  connectControl(data.control, {
    seal: async (...args: Parameters<Bundles['seal']>) => (await bundles).seal(...args),
    verify: async (...args: Parameters<Bundles['verify']>) => (await bundles).verify(...args),
    list: async () => (await bundles).list(),
    members: async (runId: string) => (await bundles).members(runId),
  });
};

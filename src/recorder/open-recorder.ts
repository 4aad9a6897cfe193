import type { Clock } from '../record/clock.ts';
import type { FamilyUnits } from '../formats/journal/messages.ts';
import type { DeviceSchemas } from '../rig/device-schema.ts';
import { DATABASE_FOLDER, MARKER_FOLDER, OpfsDirectory, SLOT_FOLDER } from '../storage/opfs-directory.ts';
import { SlotStore } from '../storage/slot-store.ts';
import { PoolSqlEngine } from '../storage/sqlite-pool.ts';
import { KioskStore } from './kiosk-store.ts';
import { Recorder } from './recorder.ts';
import { loadSha256 } from './sha256.ts';
import { loadZstd } from './zstd.ts';

/** The recorder over this origin's private files. Slots and codecs first; then the databases. */
export async function openRecorder(options: {
  readonly clock: Clock;
  readonly buildHash: string;
  readonly appVersion: string;
  readonly schemas: DeviceSchemas;
  readonly units: FamilyUnits;
}): Promise<Recorder> {
  const { clock, appVersion } = options;
  const ages = { monoMs: () => performance.now(), utcMs: () => clock.utcMs() };
  const [slots, engine, zstd, sha256] = await Promise.all([
    OpfsDirectory.open(SLOT_FOLDER).then((directory) => SlotStore.open(directory, ages)),
    PoolSqlEngine.open(DATABASE_FOLDER, MARKER_FOLDER, ages),
    loadZstd(),
    loadSha256(),
  ]);
  const zero = { hostMs: clock.hostMs(), utcMs: clock.utcMs() };
  return Recorder.open({
    tools: { ...options, slots, engine, sha256, ...zstd },
    poolWaitMs: () => engine.ageWaitMs,
    openKiosk: ({ recorded, failed }) =>
      KioskStore.open({
        engine,
        sha256,
        zero,
        appVersion,
        recorded: (events, acks) => recorded('kiosk', events, acks),
        failed: (error) => failed('kiosk', error),
      }),
  });
}

import type { Clock } from '../record/clock.ts';
import type { RecordedEvent } from '../record/event.ts';
import type { Ack } from '../record/producer.ts';
import type { Sha256 } from '../formats/events/chain.ts';
import type { FamilyUnits } from '../formats/journal/messages.ts';
import type { Decompress } from '../formats/journal/part-source.ts';
import type { Compress } from '../formats/journal/part-writer.ts';
import type { DeviceSchemas } from '../rig/device-schema.ts';
import type { SlotStore } from '../storage/slot-store.ts';
import type { SqlEngine } from '../storage/sql-database.ts';

/** Which store a failure is of; each has its own word in the health. */
export type StoreName = 'events' | 'journal' | 'kiosk' | 'slots';

/** What the parts of the recorder share. */
export interface RecorderTools {
  readonly slots: SlotStore;
  readonly engine: SqlEngine;
  readonly compress: Compress;
  readonly decompress: Decompress;
  readonly sha256: Sha256;
  readonly schemas: DeviceSchemas;
  readonly units: FamilyUnits;
  readonly buildHash: string;
  readonly appVersion: string;
  readonly clock: Clock;
  /** What is recorded now. */
  recorded(scope: 'run' | 'kiosk', events: readonly RecordedEvent[], acks: readonly Ack[]): void;
  /** A store failed, or works again (null). */
  failed(store: StoreName, error: unknown): void;
  /** Something before an envelope of the run is missing: it was not taken. */
  holed(): void;
}

import { isoUtc } from '../record/clock.ts';
import { EVENTS_MIGRATIONS } from '../formats/events/schema.ts';
import type { SqlDatabase } from '../storage/sql-database.ts';
import type { SlotHeader } from '../storage/slot.ts';
import type { SlotFile } from '../storage/slot-file.ts';
import { EVENTS_PATH } from './run-id.ts';
import { runNote } from './run-parts.ts';
import { migrate } from './migrate.ts';
import type { RecorderTools } from './tools.ts';
import type { RunPlan } from '../wire/messages.ts';

const COPY_BYTES = 1 << 20;
const CLAIM_RETRY_MS = 1000;

/** Name of a run's database in the pool while the run is open. */
export const eventsFile = (runUuid: string): string => `events-${runUuid}.sqlite`;

export async function openEventsFile(tools: RecorderTools, runUuid: string): Promise<SqlDatabase> {
  const db = await tools.engine.open(eventsFile(runUuid));
  const { sha256, appVersion, clock } = tools;
  await migrate(db, EVENTS_MIGRATIONS, { sha256, appVersion, nowUtc: isoUtc(clock.utcMs()) });
  return db;
}

/** Checkpoint TRUNCATE, journal mode DELETE, close (`design.md` §8): one file with everything in it. */
export async function endEventsFile(db: SqlDatabase, runUuid: string): Promise<void> {
  const name = eventsFile(runUuid);
  const [checkpoint] = await db.all('PRAGMA wal_checkpoint(TRUNCATE)');
  if (checkpoint?.['busy'] !== 0) throw new Error(`${name}: checkpoint was busy`);
  const [mode] = await db.all('PRAGMA journal_mode=DELETE');
  if (mode?.['journal_mode'] !== 'delete')
    throw new Error(`${name}: expected journal_mode delete, actual ${String(mode?.['journal_mode'])}`);
  await db.close();
}

/** Copies the ended database into a slot and takes it out of the pool. Waits for a spare that is old enough. */
export async function keepEventsFile(
  tools: RecorderTools,
  run: { readonly runId: string; readonly plan: RunPlan },
): Promise<void> {
  const { engine } = tools;
  const name = eventsFile(run.plan.runUuid);
  if (!engine.exists(name)) return;
  if (tools.slots.members(run.runId).some(isKept)) return engine.remove(name);
  const content = await engine.contentOf(name);
  const file = await claimWhenAged(tools, run);
  try {
    for (let at = 0; at < content.size; at += COPY_BYTES)
      file.writeAll(new Uint8Array(await content.slice(at, at + COPY_BYTES).arrayBuffer()), at);
    file.flush();
  } catch (error) {
    file.close();
    await tools.slots.free(file.header.slot);
    throw error;
  }
  file.closeAs('closed', content.size);
  engine.remove(name);
}

/** Takes databases out of the pool that a kill left there after they were copied. */
export function dropKeptEventsFiles({ slots, engine }: Pick<RecorderTools, 'slots' | 'engine'>): void {
  for (const header of slots.list()) {
    const uuid = header.note['run_uuid'];
    if (isKept(header) && typeof uuid === 'string') engine.remove(eventsFile(uuid));
  }
}

const isKept = ({ path, state }: SlotHeader): boolean => path === EVENTS_PATH && state === 'closed';

async function claimWhenAged(
  { slots, clock }: RecorderTools,
  { runId, plan }: { readonly runId: string; readonly plan: RunPlan },
): Promise<SlotFile> {
  for (;;) {
    const file = await slots.claim({
      state: 'open',
      runId,
      path: EVENTS_PATH,
      note: runNote(plan),
      allowYoung: plan.waiver !== 'none',
    });
    if (file !== null) return file;
    await clock.sleep(CLAIM_RETRY_MS);
  }
}

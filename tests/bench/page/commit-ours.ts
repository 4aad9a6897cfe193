/** Event commits through the app's own SQL engine, as the recorder opens it. */
import { PoolSqlEngine } from '../../../src/storage/sqlite-pool.ts';
import {
  CREATE_EVENTS,
  eventValues,
  INSERT_EVENT,
  type CommitBench,
  type CommitResult,
} from './commit-messages.ts';

async function run({ seconds, batch }: CommitBench): Promise<CommitResult> {
  const clock = { monoMs: () => performance.now(), utcMs: () => Date.now() };
  const engine = await PoolSqlEngine.open('bench/ours', 'bench/ours-marks', clock);
  engine.remove('events.sqlite');
  const db = await engine.open('events.sqlite');
  const [mode] = await db.all('PRAGMA journal_mode');
  await db.exec(CREATE_EVENTS);
  let events = 0;
  const start = performance.now();
  while (performance.now() - start < seconds * 1000)
    await db.transaction(async (tx) => {
      for (let i = 0; i < batch; i++) await tx.run(INSERT_EVENT, eventValues(events++));
    });
  const elapsedS = (performance.now() - start) / 1000;
  const [count] = await db.all('SELECT count(*) AS n FROM events');
  await db.close();
  await engine.close();
  return {
    ok: true,
    eventsPerS: events / elapsedS,
    journalMode: String(mode?.['journal_mode']),
    rows: Number(count?.['n']),
  };
}

addEventListener('message', ({ data }: MessageEvent<CommitBench>) => {
  run(data).then(
    (result) => postMessage(result),
    (error: unknown) => postMessage({ ok: false, error: String(error) } satisfies CommitResult),
  );
});

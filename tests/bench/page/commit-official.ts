/** The same through `@sqlite.org/sqlite-wasm` and its pool VFS. */
import sqlite3InitModule from '@sqlite.org/sqlite-wasm';
import {
  CREATE_EVENTS,
  eventValues,
  INSERT_EVENT,
  type CommitBench,
  type CommitResult,
} from './commit-messages.ts';

async function run({ seconds, batch }: CommitBench): Promise<CommitResult> {
  const sqlite3 = await sqlite3InitModule();
  const pool = await sqlite3.installOpfsSAHPoolVfs({
    name: 'official',
    directory: '/bench/official',
    initialCapacity: 8,
    clearOnInit: true,
  });
  const db = new pool.OpfsSAHPoolDb('/events.sqlite');
  db.exec('PRAGMA locking_mode=EXCLUSIVE');
  db.exec('PRAGMA journal_mode=WAL');
  db.exec('PRAGMA synchronous=FULL');
  const journalMode = String(db.selectValue('PRAGMA journal_mode'));
  db.exec(CREATE_EVENTS);
  const insert = db.prepare(INSERT_EVENT);
  let events = 0;
  const start = performance.now();
  while (performance.now() - start < seconds * 1000) {
    db.exec('BEGIN IMMEDIATE');
    for (let i = 0; i < batch; i++) insert.bind(eventValues(events++)).stepReset();
    db.exec('COMMIT');
  }
  const elapsedS = (performance.now() - start) / 1000;
  insert.finalize();
  const rows = Number(db.selectValue('SELECT count(*) FROM events'));
  db.close();
  await pool.removeVfs();
  return { ok: true, eventsPerS: events / elapsedS, journalMode, rows };
}

addEventListener('message', ({ data }: MessageEvent<CommitBench>) => {
  run(data).then(
    (result) => postMessage(result),
    (error: unknown) => postMessage({ ok: false, error: String(error) } satisfies CommitResult),
  );
});

import { MIGRATION_TABLE } from '../formats/events/schema.ts';
import type { Migration } from '../formats/events/schema.ts';
import { toHex } from '../formats/events/chain.ts';
import type { Sha256 } from '../formats/events/chain.ts';
import type { SqlDatabase } from '../storage/sql-database.ts';

const TEXT = new TextEncoder();

/**
 * Brings a database to the newest version, each step in one transaction (`spec/dam-quire-capsule.md` §8.2). Throws
 * when the database is newer than this build, or a step it has was another one.
 */
export async function migrate(
  db: SqlDatabase,
  migrations: readonly Migration[],
  context: { readonly sha256: Sha256; readonly appVersion: string; readonly nowUtc: string },
): Promise<void> {
  await db.exec(MIGRATION_TABLE);
  const rows = await db.all('SELECT version, sha256 FROM schema_migrations ORDER BY version');
  const done = new Map(rows.map((row) => [Number(row['version']), String(row['sha256'])]));
  const newest = Math.max(0, ...done.keys());
  const known = Math.max(0, ...migrations.map(({ version }) => version));
  if (newest > known) throw new Error(`database is of version ${newest}, this build knows ${known}`);
  for (const { version, name, sql } of migrations) {
    const digest = toHex(context.sha256(TEXT.encode(sql)));
    const before = done.get(version);
    if (before !== undefined && before !== digest)
      throw new Error(`migration ${version} (${name}): expected ${digest}, the database has ${before}`);
    if (before !== undefined) continue;
    await db.exec(`BEGIN IMMEDIATE; ${sql}
      INSERT INTO schema_migrations VALUES (${version}, '${name}', '${digest}', '${context.nowUtc}', '${context.appVersion.replaceAll("'", "''")}');
      COMMIT;`);
  }
}

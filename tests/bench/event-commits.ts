import type { Page } from 'playwright-core';
import { withBenchPage, type BenchWindow } from './bench-browser.ts';
import type { CommitBench, CommitResult } from './page/commit-messages.ts';
import { median, type BenchRow } from './table.ts';

const ROUNDS = 5;
const SECONDS = 2;
const GROUP = 100;

function measured(result: CommitResult): number {
  if (!result.ok) throw new Error(result.error);
  if (result.journalMode !== 'wal') throw new Error(`journal mode ${result.journalMode}, expected wal`);
  return result.eventsPerS;
}

async function compare(page: Page, message: CommitBench): Promise<{ ours: number; official: number }> {
  const ours: number[] = [];
  const official: number[] = [];
  for (let round = 0; round < ROUNDS; round++) {
    ours.push(
      measured(
        await page.evaluate((m) => (globalThis as unknown as BenchWindow).bench.commitOurs(m), message),
      ),
    );
    official.push(
      measured(
        await page.evaluate((m) => (globalThis as unknown as BenchWindow).bench.commitOfficial(m), message),
      ),
    );
  }
  return { ours: median(ours), official: median(official) };
}

/** Both engines: pool VFS on OPFS, locking EXCLUSIVE, WAL, synchronous FULL; rounds take turns. */
export async function benchEventCommits(): Promise<BenchRow[]> {
  return withBenchPage(async (page) => {
    const single = await compare(page, { seconds: SECONDS, batch: 1 });
    const grouped = await compare(page, { seconds: SECONDS, batch: GROUP });
    const row = (what: string, { ours, official }: { ours: number; official: number }): BenchRow => ({
      what,
      value: ours,
      unit: 'events/s',
      peer: { name: '@sqlite.org/sqlite-wasm opfs-sahpool', value: official },
      target: { kind: 'at least', value: official },
    });
    return [
      row('event commits, one a transaction', single),
      row(`event commits, ${GROUP} a transaction`, grouped),
    ];
  });
}

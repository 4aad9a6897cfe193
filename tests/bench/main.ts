/** `npm run bench [name …]`: measures and prints a table. Never asserted in tests. */
import { buildBenchPage } from './bench-browser.ts';
import { benchEventCommits } from './event-commits.ts';
import { benchStart } from './first-paint.ts';
import { benchFlatOutPorts } from './flat-out-ports.ts';
import { benchSeal } from './sealing.ts';
import { benchPipeline, benchSustained } from './throughput.ts';
import { buildNativeParts } from '../rig/native-parts.ts';
import { formatTable, type BenchRow } from './table.ts';

const BENCHES: Record<string, () => Promise<BenchRow[]>> = {
  commits: benchEventCommits,
  pipeline: benchPipeline,
  sustained: benchSustained,
  ports: benchFlatOutPorts,
  seal: benchSeal,
  start: benchStart,
};

async function main(): Promise<void> {
  const asked = process.argv.slice(2);
  const names = asked.length > 0 ? asked : Object.keys(BENCHES);
  buildNativeParts();
  await buildBenchPage();
  const rows: BenchRow[] = [];
  for (const name of names) {
    const bench = BENCHES[name];
    if (bench === undefined)
      throw new Error(`no bench ${name}; there are ${Object.keys(BENCHES).join(', ')}`);
    console.error(`measuring ${name} …`);
    // One that cannot be measured has no rows; the others still count.
    await bench().then(
      (measured) => rows.push(...measured),
      (error: unknown) => console.error(`${name} was not measured: ${String(error)}`),
    );
  }
  console.log(formatTable(rows));
}

await main();

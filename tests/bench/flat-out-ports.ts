import { setTimeout as sleep } from 'node:timers/promises';
import { PtyPort } from '../rig/pty-port.ts';
import { waitUntil } from '../rig/wait-until.ts';
import { withBenchPage } from './bench-browser.ts';
import { floodByte } from './page/load.ts';
import { percentile, Pipeline, PORTS, sum, type PipelineWindow } from './pipeline.ts';
import type { BenchRow } from './table.ts';

/** Four ptys, each sending what a line of 921,600 baud can carry, every byte journaled. */
export async function benchFlatOutPorts(): Promise<BenchRow[]> {
  const seconds = 20;
  const bytesPerS = 92_160; // 8N1: ten bits a byte
  const pieceMs = 10;
  return withBenchPage(async (page, chromium, devicesFolder) => {
    const ports = PORTS.map((usb, index) => {
      const port = new PtyPort(devicesFolder);
      port.keepWire = false;
      port.plug(`bench${index}`, usb);
      return port;
    });
    try {
      const pipe = new Pipeline(page, chromium);
      await pipe.open(null);
      await pipe.start();
      await sleep(500);
      const startMs = performance.now();
      const sent = ports.map(() => 0);
      while (performance.now() - startMs < seconds * 1000) {
        const due = Math.floor(((performance.now() - startMs) / 1000) * bytesPerS);
        ports.forEach((port, index) => {
          const from = sent[index] ?? 0;
          port.send(Uint8Array.from({ length: due - from }, (_, at) => floodByte(from + at)));
          sent[index] = due;
        });
        await sleep(pieceMs);
      }
      await waitUntil('the ttys to be empty', 10_000, () => ports.every((port) => port.waiting === 0));
      await page.evaluate(() => (globalThis as unknown as PipelineWindow).pipeline.stop());
      await pipe.view();
      const stats = await waitUntil('every byte to be acknowledged', 30_000, async () => {
        const all = await pipe.stats();
        return sum(all, (one) => one.units - one.unitsAcked) === 0 ? all : null;
      });
      const total = sent.reduce((all, bytes) => all + bytes, 0);
      const what = `four ports at 921,600 baud, ${seconds} s: `;
      return [
        { what: `${what}sent`, value: total, unit: 'bytes' },
        {
          what: `${what}not in the journal, or wrong`,
          value:
            total - sum(stats, (one) => one.unitsAcked) + stats.filter((one) => one.wrongAt !== null).length,
          unit: 'bytes',
          target: { kind: 'at most', value: 0 },
        },
        {
          what: `${what}read → flushed and acknowledged, p99`,
          value: percentile(
            stats.flatMap((one) => one.latenciesMs),
            0.99,
          ),
          unit: 'ms',
          target: { kind: 'at most', value: 500 },
        },
      ];
    } finally {
      for (const port of ports) port.unplug();
    }
  }, PORTS);
}

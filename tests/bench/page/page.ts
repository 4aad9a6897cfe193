/** Page of the bench: starts one worker per measurement, or the app's own pipeline without its screen. */
import type { CommitBench, CommitResult } from './commit-messages.ts';

function once(worker: Worker, message: CommitBench): Promise<CommitResult> {
  return new Promise((resolve, reject) => {
    worker.addEventListener('message', ({ data }: MessageEvent<CommitResult>) => {
      worker.terminate();
      resolve(data);
    });
    worker.addEventListener('error', (event) => reject(new Error(event.message)));
    worker.postMessage(message);
  });
}

const bench = {
  commitOurs: (message: CommitBench) =>
    once(new Worker(new URL('./commit-ours.ts', import.meta.url), { type: 'module' }), message),
  commitOfficial: (message: CommitBench) =>
    once(new Worker(new URL('./commit-official.ts', import.meta.url), { type: 'module' }), message),
  /** Loaded only when asked, so that the other measurements have the machine to themselves. */
  async openPipeline() {
    const { pipeline } = await import('./pipeline-page.ts');
    await pipeline.open();
    Object.assign(globalThis, { pipeline });
  },
};
export type BenchPage = typeof bench;
Object.assign(globalThis, { bench });

import type { Clock, HostMs } from '../record/clock.ts';

/** This thread's clock: `timeOrigin + now()`, 5 µs in isolated workers, 100 µs in a SharedWorker (`design.md` §4). */
export const hostClock: Clock = {
  hostMs: (): HostMs => performance.timeOrigin + performance.now(),
  utcMs: () => Date.now(),
  sleep: (ms, signal) =>
    new Promise((resolve, reject) => {
      if (signal?.aborted === true) return reject(signal.reason as Error);
      const onAbort = () => {
        clearTimeout(timer);
        reject(signal?.reason as Error);
      };
      const timer = setTimeout(() => {
        signal?.removeEventListener('abort', onAbort);
        resolve();
      }, ms);
      signal?.addEventListener('abort', onAbort);
    }),
};

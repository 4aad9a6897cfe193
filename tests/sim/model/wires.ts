import { CallError } from '../../../src/wire/call.ts';
import type { FramePort } from '../../../src/wire/port.ts';
import type { Dice, Thread } from './virtual-time.ts';

/** Two ends of a message channel: in order, late by a little, deaf when either thread is dead or the port closed. */
export function channel<TA, TB>(a: Thread, b: Thread, dice: Dice): [FramePort<TB, TA>, FramePort<TA, TB>] {
  const open = { value: true };
  const ab = oneWay<TA>(a, b, dice, open);
  const ba = oneWay<TB>(b, a, dice, open);
  const close = () => (open.value = false);
  return [
    { post: ab.post, listen: ba.listen, close },
    { post: ba.post, listen: ab.listen, close },
  ];
}

function oneWay<T>(from: Thread, to: Thread, dice: Dice, open: { value: boolean }) {
  let hears: ((frame: T) => void) | null = null;
  let waiting: T[] = [];
  let lastMs = 0;
  return {
    post: (frame: T) => {
      if (!from.alive || !open.value) return;
      // A MessagePort keeps the order whatever happens in between.
      lastMs = Math.max(lastMs, from.time.nowMs + dice.between(0.02, dice.next() < 0.02 ? 30 : 1));
      from.time.at(lastMs, () => {
        if (!to.alive || !open.value) return;
        if (hears === null) waiting.push(frame);
        else hears(frame);
      });
    },
    listen: (onFrame: (frame: T) => void) => {
      hears = onFrame;
      for (const frame of waiting) onFrame(frame);
      waiting = [];
    },
  };
}

/** The API of `callee` as `caller` sees it: late both ways, silent for ever when either is dead. */
export function remote<T extends object>(api: T, caller: Thread, callee: Thread, dice: Dice): T {
  let lastMs = 0;
  return new Proxy(api, {
    get: (target, name) => {
      if (name === 'then') return undefined;
      const method: unknown = Reflect.get(target, name);
      if (typeof method !== 'function') return method;
      return (...args: unknown[]) =>
        new Promise((resolve, reject) => {
          if (!caller.alive) return;
          lastMs = Math.max(lastMs, caller.time.nowMs + dice.between(0.05, 2));
          caller.time.at(lastMs, () => {
            if (!callee.alive) return;
            const answer = (settle: () => void) =>
              callee.alive &&
              caller.time.after(dice.between(0.05, 2), () => {
                if (caller.alive) settle();
              });
            Promise.resolve()
              .then(() => Reflect.apply(method, target, args) as unknown)
              .then(
                (value) => answer(() => resolve(value)),
                (error: unknown) =>
                  answer(() =>
                    reject(error instanceof Error ? error : new CallError('thrown', String(error))),
                  ),
              );
          });
        });
    },
  });
}

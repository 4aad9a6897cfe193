import { afterEach, describe, expect, it } from 'vitest';
import { CallError, connectControl, type Remote } from '../../../src/wire/call.ts';

interface Echo {
  echo(value: unknown): Promise<unknown>;
  never(): Promise<void>;
  fails(): Promise<void>;
  count(steps: number, progress: (n: number) => void): Promise<number>;
  untilAborted(signal: AbortSignal): Promise<string>;
}

class EchoApi implements Echo {
  readonly #name: string;
  constructor(name: string) {
    this.#name = name;
  }
  async echo(value: unknown) {
    return { from: this.#name, value };
  }
  never() {
    return new Promise<void>(() => {});
  }
  async fails() {
    throw new CallError('slots_young', 'expected 60 s, actual 12 s');
  }
  async count(steps: number, progress: (n: number) => void) {
    for (let n = 1; n <= steps; n += 1) progress(n);
    return steps;
  }
  untilAborted(signal: AbortSignal) {
    return new Promise<string>((resolve) => {
      signal.addEventListener('abort', () => resolve('stopped'), { once: true });
    });
  }
}

const open: { close(): void }[] = [];
function pair(timeoutMs = 1000): [Remote<Echo>, Remote<Echo>] {
  const { port1, port2 } = new MessageChannel();
  const left = connectControl<Echo>(port1, new EchoApi('left'), { timeoutMs });
  const right = connectControl<Echo>(port2, new EchoApi('right'), { timeoutMs });
  open.push(left, right);
  return [left, right];
}
afterEach(() => {
  for (const remote of open.splice(0)) remote.close();
});

describe('connectControl', () => {
  it('carries calls both ways over one port, also at once', async () => {
    const [toRight, toLeft] = pair();
    const answers = await Promise.all([toRight.echo(1), toLeft.echo(2), toRight.echo(3), toLeft.echo(4)]);
    expect(answers).toEqual([
      { from: 'right', value: 1 },
      { from: 'left', value: 2 },
      { from: 'right', value: 3 },
      { from: 'left', value: 4 },
    ]);
  });

  it('keeps code and message of an error', async () => {
    const [remote] = pair();
    await expect(remote.fails()).rejects.toMatchObject({
      code: 'slots_young',
      message: 'expected 60 s, actual 12 s',
    });
  });

  it('gives up after the timeout, with the numbers', async () => {
    const [remote] = pair();
    await expect(remote.with({ timeoutMs: 30 }).never()).rejects.toMatchObject({
      code: 'timeout',
      message: 'never: no answer within 30 ms',
    });
    expect(await remote.echo('still works')).toMatchObject({ value: 'still works' });
  });

  it('gives up when its signal fires, also before the call', async () => {
    const [remote] = pair();
    const controller = new AbortController();
    const call = remote.with({ signal: controller.signal }).never();
    controller.abort(new CallError('cancelled', 'by the operator'));
    await expect(call).rejects.toMatchObject({ code: 'cancelled' });
    await expect(remote.with({ signal: controller.signal }).never()).rejects.toMatchObject({
      code: 'cancelled',
    });
  });

  it('lets progress callbacks and signals cross', async () => {
    const [remote] = pair();
    const seen: number[] = [];
    expect(await remote.count(3, (n) => seen.push(n))).toBe(3);
    await expect.poll(() => seen).toEqual([1, 2, 3]);
    const controller = new AbortController();
    const stopped = remote.untilAborted(controller.signal);
    controller.abort();
    expect(await stopped).toBe('stopped');
  });

  it('rejects what is pending when it is closed, and everything after', async () => {
    const [remote] = pair();
    const pending = remote.never();
    remote.close();
    await expect(pending).rejects.toMatchObject({ code: 'closed' });
    await expect(remote.echo(1)).rejects.toMatchObject({ code: 'closed' });
  });

  it('is not a promise: awaiting a remote calls nothing', async () => {
    const [remote] = pair();
    expect(await Promise.resolve(remote)).toBe(remote);
  });
});

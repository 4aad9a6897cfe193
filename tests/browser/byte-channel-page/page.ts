/** Page of the test: passes requests on to the worker. */
import type { ChannelAnswer, ChannelRequest } from './messages.ts';

type Answered = { readonly call: number; readonly value?: ChannelAnswer; readonly thrown?: string };

const worker = new Worker(new URL('./worker.ts', import.meta.url), { type: 'module' });
const waiting = new Map<number, (answer: Answered) => void>();
let calls = 0;
worker.addEventListener('message', ({ data }: MessageEvent<Answered>) => {
  waiting.get(data.call)?.(data);
  waiting.delete(data.call);
});

async function ask(request: ChannelRequest): Promise<ChannelAnswer> {
  const call = ++calls;
  const answered = new Promise<Answered>((resolve) => waiting.set(call, resolve));
  worker.postMessage({ call, request });
  const { value, thrown } = await answered;
  if (value === undefined) throw new Error(thrown);
  return value;
}

Object.assign(globalThis, { ask });

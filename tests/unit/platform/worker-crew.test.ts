import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import type { CrewProblem } from '../../../src/platform/worker-crew.ts';
import { WorkerCrew } from '../../../src/platform/worker-crew.ts';
import type {
  ConductorHello,
  InstrumentStart,
  RecorderStart,
  WorkerReady,
} from '../../../src/wire/messages.ts';
import { LockTable } from './lock-table.ts';

/** A thread as the page sees it: takes messages, holds a lock once it is ready, and can die. */
class Thread {
  readonly heard: (RecorderStart | InstrumentStart)[] = [];
  onmessage: ((event: { data: WorkerReady }) => void) | null = null;
  onerror: ((event: { message: string; preventDefault(): void }) => void) | null = null;
  readonly #locks: LockTable;
  #letGo: () => void = () => undefined;
  terminated = false;

  constructor(locks: LockTable) {
    this.#locks = locks;
  }

  postMessage(message: RecorderStart | InstrumentStart): void {
    this.heard.push(message);
  }

  ready(lock: string): void {
    void this.#locks.request(lock, () => new Promise<void>((resolve) => (this.#letGo = resolve)));
    this.onmessage?.({ data: { type: 'ready', lock } });
  }

  /** Dies without a word: only its lock tells. */
  die(): void {
    this.#letGo();
  }

  terminate(): void {
    this.terminated = true;
    this.#letGo();
  }
}

const SIMULATED = { name: 'simulated', port: { transport: 'simulated' } } as const;
const USB = {
  name: 'usb-0403-6001-0',
  port: { transport: 'web-serial', usbVendorId: 0x403, usbProductId: 0x6001, index: 0 },
} as const;

function bench() {
  const locks = new LockTable();
  const threads: Thread[] = [];
  const hellos: ConductorHello[] = [];
  const problems: CrewProblem[] = [];
  const start = () => {
    const thread = new Thread(locks);
    threads.push(thread);
    return thread as unknown as Worker;
  };
  const crew = new WorkerCrew({
    locks: locks as unknown as LockManager,
    buildHash: 'b',
    seed: 1,
    startRecorder: start,
    startInstrument: start,
    introduce: (hello) => hellos.push(hello),
    onProblem: (problem) => problems.push(problem),
  });
  const thread = (index: number): Thread => {
    const found = threads[index];
    if (found === undefined) throw new Error(`thread ${index} was not started`);
    return found;
  };
  return { crew, threads, thread, hellos, problems };
}

describe('worker crew', () => {
  beforeEach(() => void vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'performance'] }));
  afterEach(() => void vi.useRealTimers());
  const settled = () => vi.advanceTimersByTimeAsync(1);

  it('introduces a worker only once it holds its lock', async () => {
    const { crew, threads, thread, hellos } = bench();
    crew.setResources([SIMULATED]);
    expect(threads).toHaveLength(0);
    crew.start();
    crew.start();
    expect(threads).toHaveLength(2);
    expect(hellos).toEqual([]);
    thread(0).ready('recorder-lock');
    thread(1).ready('simulated-lock');
    await settled();
    expect(hellos).toMatchObject([
      { type: 'recorder', lock: 'recorder-lock', reconnected: false },
      { type: 'instrument', lock: 'simulated-lock', resource: 'simulated', reconnected: false },
    ]);
    crew.terminate();
  });

  it('follows the rig: one worker per wire, none for a wire that went', () => {
    const { crew, threads, thread } = bench();
    crew.start();
    crew.setResources([SIMULATED, USB]);
    crew.setResources([USB]);
    expect(threads).toHaveLength(3);
    expect([thread(1).terminated, thread(2).terminated]).toEqual([true, false]);
    crew.terminate();
    expect(threads.every(({ terminated }) => terminated)).toBe(true);
  });

  it('starts a dead worker again, with a pause that grows while it keeps dying', async () => {
    const { crew, threads, thread, problems } = bench();
    crew.start();
    thread(0).ready('lock');
    await settled();
    thread(0).die();
    await settled();
    expect(problems).toEqual([{ member: 'recorder', code: 'worker_lost', detail: 'its lock was released' }]);
    expect(threads).toHaveLength(1);
    await vi.advanceTimersByTimeAsync(250);
    expect(threads).toHaveLength(2);
    thread(1).onmessage?.({ data: { type: 'fatal', code: 'storage', detail: 'no OPFS' } });
    await vi.advanceTimersByTimeAsync(250);
    expect(threads).toHaveLength(2);
    await vi.advanceTimersByTimeAsync(250);
    expect(threads).toHaveLength(3);
    expect(crew.restarts).toBe(2);
    crew.terminate();
    await vi.advanceTimersByTimeAsync(20_000);
    expect(threads).toHaveLength(3);
  });

  it('gives every ready worker new ports when a new conductor answers', async () => {
    const { crew, thread, hellos } = bench();
    crew.start();
    crew.setResources([USB]);
    thread(0).ready('recorder-lock');
    await settled();
    crew.reconnect();
    expect(thread(0).heard.map(({ type }) => type)).toEqual(['start', 'reconnect']);
    expect(thread(1).heard.map(({ type }) => type)).toEqual(['start']);
    expect(hellos.at(-1)).toMatchObject({ type: 'recorder', lock: 'recorder-lock', reconnected: true });
    crew.terminate();
  });
});

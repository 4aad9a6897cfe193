import { fork, type ChildProcess } from 'node:child_process';
import { join } from 'node:path';
import type { SimFault } from '../../src/instruments/simulator.ts';
import { ROOT } from './folders.ts';
import type {
  InstrumentAnswer,
  InstrumentOperations,
  InstrumentRequest,
  InstrumentSpec,
  InstrumentStats,
} from './instrument-messages.ts';
import { noteOpen } from './open-work.ts';
import type { WireEntry } from './pty-port.ts';

type Arguments<K extends keyof InstrumentOperations> = Parameters<InstrumentOperations[K]>;
type Answer<K extends keyof InstrumentOperations> = ReturnType<InstrumentOperations[K]>;

const ANSWER_WITHIN_MS = 20_000;

/** Simulated instruments in a process of their own, on one bench (one world), each on its own pty. */
export class InstrumentProcess {
  private readonly child: ChildProcess;
  private readonly waiting = new Map<number, (answer: InstrumentAnswer) => void>();
  private readonly closed: () => void;
  private calls = 0;
  private stopping = false;

  private constructor(devicesFolder: string) {
    this.child = fork(join(import.meta.dirname, 'instrument-process-entry.ts'), [devicesFolder], {
      cwd: ROOT,
      execArgv: ['--import', 'tsx'],
      serialization: 'advanced',
    });
    this.closed = noteOpen('an instrument process', () => this.stop());
    this.child.on('message', (answer: InstrumentAnswer) => this.waiting.get(answer.call)?.(answer));
    this.child.on('exit', (code) => {
      if (this.stopping) return;
      for (const [call, settle] of this.waiting)
        settle({ call, ok: false, error: `the instrument process ended with ${code}` });
    });
  }

  /** Prepares every instrument and plugs it in. */
  static async start(devicesFolder: string, specs: readonly InstrumentSpec[]): Promise<InstrumentProcess> {
    const instruments = new InstrumentProcess(devicesFolder);
    await instruments.answer(0);
    for (const spec of specs) {
      await instruments.ask('prepare', spec);
      await instruments.plug(spec.id);
    }
    return instruments;
  }

  plug = (id: string): Promise<void> => this.ask('plug', id);
  unplug = (id: string): Promise<void> => this.ask('unplug', id);
  inject = (id: string, fault: SimFault): Promise<void> => this.ask('inject', id, fault);
  babble = (id: string, bytes: Uint8Array): Promise<void> => this.ask('babble', id, bytes);
  lineError = (id: string, marked: Uint8Array): Promise<void> => this.ask('lineError', id, marked);
  stats = (id: string): Promise<InstrumentStats> => this.ask('stats', id);
  wire = (id: string): Promise<WireEntry[]> => this.ask('wire', id);
  lineLog = (id: string): Promise<string[]> => this.ask('lineLog', id);

  get pid(): number {
    return this.child.pid ?? 0;
  }

  async stop(): Promise<void> {
    this.stopping = true;
    const gone = new Promise((resolve) => this.child.once('exit', resolve));
    if (this.child.exitCode === null && this.child.connected) {
      this.child.disconnect();
      await gone;
    }
    this.closed();
  }

  private async ask<K extends keyof InstrumentOperations>(
    operation: K,
    ...args: Arguments<K>
  ): Promise<Answer<K>> {
    const call = ++this.calls;
    const answered = this.answer(call);
    this.child.send({ call, operation, args } satisfies InstrumentRequest);
    return (await answered) as Answer<K>;
  }

  private answer(call: number): Promise<unknown> {
    return new Promise((resolve, reject) => {
      const timer = setTimeout(
        () => reject(new Error(`instrument process: no answer to call ${call}`)),
        ANSWER_WITHIN_MS,
      );
      this.waiting.set(call, (answer) => {
        clearTimeout(timer);
        this.waiting.delete(call);
        if (answer.ok) resolve(answer.value);
        else reject(new Error(answer.error));
      });
    });
  }
}

/** Child process: the simulated instruments of one bench on ptys. Started by `instrument-process.ts`. */
import type { Simulator } from '../../src/instruments/simulator.ts';
import { FAMILIES } from '../../src/instruments/registry.ts';
import { createWorld } from '../../src/instruments/world.ts';
import type { World } from '../../src/instruments/world.ts';
import type {
  InstrumentAnswer,
  InstrumentOperations,
  InstrumentRequest,
  InstrumentSpec,
} from './instrument-messages.ts';
import { PtyPort, type WireEntry } from './pty-port.ts';

const devicesFolder = process.argv[2];
if (devicesFolder === undefined) throw new Error('instrument process: no folder for its devices');

/** One instrument: its firmware lives as long as the process, its port as long as it is plugged. */
class Instrument {
  readonly simulator: Simulator;
  private readonly spec: InstrumentSpec;
  private port: PtyPort | null = null;
  private readonly past: PtyPort[] = [];

  constructor(spec: InstrumentSpec, world: World) {
    const family = FAMILIES.get(spec.family);
    if (family === undefined) throw new Error(`no family ${spec.family}`);
    const parsed = family.declaration.parseParams(spec.params, spec.id);
    if (!parsed.ok) throw new Error(`${spec.id}: ${JSON.stringify(parsed.problems)}`);
    this.spec = spec;
    this.simulator = family.createSimulator({ params: parsed.params, world, seed: spec.seed });
  }

  plug(folder: string): void {
    if (this.port !== null) throw new Error(`${this.spec.id} is plugged already`);
    const port = new PtyPort(folder);
    port.on('bytes', (bytes) => this.answer(port, bytes));
    port.plug(this.spec.id, this.spec.usb);
    this.port = port;
  }

  unplug(): void {
    if (this.port === null) throw new Error(`${this.spec.id} is not plugged`);
    this.port.unplug();
    this.past.push(this.port);
    this.port = null;
  }

  plugged(): PtyPort {
    if (this.port === null) throw new Error(`${this.spec.id} is not plugged`);
    return this.port;
  }

  get isPlugged(): boolean {
    return this.port !== null;
  }

  wire(): WireEntry[] {
    return this.ports().flatMap((port) => port.wire);
  }

  total(count: (port: PtyPort) => number): number {
    return this.ports().reduce((sum, port) => sum + count(port), 0);
  }

  private ports(): PtyPort[] {
    return this.port === null ? this.past : [...this.past, this.port];
  }

  private answer(port: PtyPort, bytes: Uint8Array): void {
    for (const reply of this.simulator.receive(Uint8Array.from(bytes), performance.now())) {
      if (reply.delayMs <= 0) port.send(reply.bytes);
      else setTimeout(() => port.send(reply.bytes), reply.delayMs);
    }
  }
}

const instruments = new Map<string, Instrument>();
const WORLD_SEED = 7;
const world = createWorld(WORLD_SEED);

function instrument(id: string): Instrument {
  const found = instruments.get(id);
  if (found === undefined) throw new Error(`no instrument ${id}`);
  return found;
}

const operations: InstrumentOperations = {
  prepare: (spec) => void instruments.set(spec.id, new Instrument(spec, world)),
  plug: (id) => instrument(id).plug(devicesFolder),
  unplug: (id) => instrument(id).unplug(),
  inject: (id, fault) => instrument(id).simulator.inject(fault),
  babble: (id, bytes) => instrument(id).plugged().send(bytes),
  lineError: (id, marked) => instrument(id).plugged().injectLineError(marked),
  stats: (id) => ({
    plugged: instrument(id).isPlugged,
    answered: instrument(id).simulator.answered,
    bytesSent: instrument(id).total((port) => port.bytesSent),
    bytesReceived: instrument(id).total((port) => port.bytesReceived),
    stalls: instrument(id).total((port) => port.stalls),
    waiting: instrument(id).total((port) => port.waiting),
  }),
  wire: (id) => instrument(id).wire(),
  lineLog: (id) => instrument(id).plugged().lineLog(),
};

process.on('message', ({ call, operation, args }: InstrumentRequest) => {
  let answer: InstrumentAnswer;
  try {
    const run = operations[operation] as (...args: readonly unknown[]) => unknown;
    answer = { call, ok: true, value: run(...args) };
  } catch (error) {
    answer = {
      call,
      ok: false,
      error: error instanceof Error ? (error.stack ?? error.message) : String(error),
    };
  }
  process.send?.(answer);
});
// A parent that timed out or was killed must not leave instruments behind.
process.on('disconnect', () => process.exit());
process.send?.({ call: 0, ok: true, value: 'ready' } satisfies InstrumentAnswer);

/** Instrument worker of the bench: a synthetic source of blocks, in time or as fast as the bridge takes them. */
import type { BlockItem } from '../../../src/record/item.ts';
import { serveBenchInstrument, type Production } from './bench-instrument.ts';
import type { Load } from './load.ts';

/** The page says what to do in the worker's name: a rig holds only what a family knows. */
const LOAD = JSON.parse((globalThis as unknown as { readonly name: string }).name) as Load;
/** Far more than a chunk holds, so that compression finds nothing twice. */
const POOL_VALUES = 1 << 20;
/** Emissions between two looks at what came in. */
const TURN = 8;

/** A random walk: in steps of 0.001, or with every bit of a double in use. */
function walk(): Float64Array {
  const values = new Float64Array(POOL_VALUES);
  let value = 0;
  let state = crypto.getRandomValues(new Uint32Array(1))[0] ?? 1; // every worker its own
  for (let i = 0; i < values.length; i++) {
    state = (Math.imul(state, 1_103_515_245) + 12_345) & 0x7fffffff;
    // Summed, not rounded: the last bits of the doubles carry the noise of the sum, as measured ones do.
    value += LOAD.values === 'adc' ? (((state >>> 8) % 7) - 3) / 1000 : state / 0x7fffffff - 0.5;
    values[i] = LOAD.values === 'adc' ? value : value * Math.PI;
  }
  return values;
}
const pool = walk();
let place = 0;
let lastCompleteMs = 0;

function emitBlocks({ device, family, emit }: Production, completeMs: number): Promise<void> {
  const { blockSamples, fields, sampleHz } = LOAD;
  // Flat out, a block covers the time since the one before: blocks of one channel never overlap.
  const dtMs =
    sampleHz > 0
      ? 1000 / sampleHz
      : Math.min(1, Math.max(1e-6, (completeMs - lastCompleteMs) / blockSamples));
  lastCompleteMs = completeMs;
  const items = fields.map((field): BlockItem => {
    place = (place + 997) % (POOL_VALUES - blockSamples);
    const values = pool.slice(place, place + blockSamples);
    return {
      type: 'block',
      tHostMs: completeMs - dtMs * blockSamples,
      device,
      family,
      field,
      dtMs,
      values,
    };
  });
  return emit(items, blockSamples * fields.length, completeMs);
}

async function produceInTime(production: Production): Promise<void> {
  const { clock, running } = production;
  const periodMs = (1000 * LOAD.blockSamples) / LOAD.sampleHz;
  let dueMs = clock.hostMs() + periodMs;
  while (running()) {
    await clock.sleep(Math.max(0, dueMs - clock.hostMs()));
    // As many as are due: a late timer must not lower the rate.
    for (; clock.hostMs() >= dueMs && running(); dueMs += periodMs) await emitBlocks(production, dueMs);
  }
}

async function produceFlatOut(production: Production): Promise<void> {
  const turn = new MessageChannel();
  const breathe = () =>
    new Promise<void>((resolve) => {
      turn.port1.onmessage = () => resolve();
      turn.port2.postMessage(0);
    });
  while (production.running()) {
    for (let i = 0; i < TURN && production.running(); i++)
      await emitBlocks(production, production.clock.hostMs());
    await breathe(); // frames of the conductor come in between
  }
  turn.port1.close();
}

serveBenchInstrument({ produce: LOAD.sampleHz > 0 ? produceInTime : produceFlatOut });

import { createSHA256 } from 'hash-wasm';
import type { Sha256 } from '../formats/events/chain.ts';

/** Synchronous SHA-256: a link must be made inside the transaction that inserts its event. */
export async function loadSha256(): Promise<Sha256> {
  const engine = await createSHA256();
  return (bytes) => engine.init().update(bytes).digest('binary');
}

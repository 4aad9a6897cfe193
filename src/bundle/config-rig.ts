import { parse, stringify } from 'smol-toml';
import { fail, type Result } from '../record/problem.ts';
import type { RigDeclarations } from '../rig/declaration.ts';
import type { Rig } from '../rig/rig.ts';
import { parseRig } from '../rig/toml.ts';

const RIG_KEYS = ['name', 'devices', 'channels', 'storage'];

/** The rig out of `config.toml`, which holds run settings beside it. */
export function rigOfConfig(toml: string | undefined, declarations: RigDeclarations): Result<Rig, string> {
  if (toml === undefined) return fail('config.toml is not in the journal');
  let raw: Record<string, unknown>;
  try {
    raw = parse(toml);
  } catch (error) {
    return fail(error instanceof Error ? error.message : String(error));
  }
  const nested = raw['rig'];
  const all = typeof nested === 'object' && nested !== null ? { ...nested } : raw;
  const rig = Object.fromEntries(Object.entries(all).filter(([key]) => RIG_KEYS.includes(key)));
  const parsed = parseRig(stringify(rig), declarations);
  if (parsed.ok) return parsed;
  const [problem] = parsed.error;
  return fail(`${problem?.path ?? ''}: ${problem?.message ?? 'not a rig'}`);
}

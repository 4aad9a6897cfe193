import { describe, expect, it } from 'vitest';
import { DECLARATIONS } from '../../../src/instruments/declarations.ts';
import { RigDesk } from '../../../src/kiosk/rig-desk.ts';
import type { Problem } from '../../../src/record/problem.ts';
import type { Rig } from '../../../src/rig/rig.ts';

const RIG =
  'name = "one"\n[[devices]]\nname = "mfc"\nadapter = "alicat"\nport = { transport = "simulated" }\n';

function desk(refusal: readonly Problem[] = []) {
  let rig: Rig | null = null;
  const saved: string[] = [];
  const parts = new RigDesk({
    declarations: DECLARATIONS,
    current: () => rig,
    set: (wanted) => {
      if (refusal.length === 0) rig = wanted;
      return Promise.resolve(refusal);
    },
    memory: {
      load: () => Promise.resolve(saved.at(-1) ?? null),
      save: (toml) => Promise.resolve(void saved.push(toml)),
    },
    fetchText: (url) => Promise.resolve(url === '/rigs/simulated.toml' ? RIG : ''),
  });
  return { parts, saved, rig: () => rig };
}

describe('rig desk', () => {
  it('loads, writes out and loads again the same rig', async () => {
    const { parts, rig } = desk();
    expect(await parts.loadExample('simulated')).toMatchObject({ ok: true });
    const before = rig();
    expect(await parts.load(parts.toml())).toMatchObject({ ok: true });
    expect(rig()).toEqual(before);
  });

  it('refuses a file with path, expected and actual, and does not ask the conductor', async () => {
    const { parts, rig } = desk();
    const result = await parts.load(`${RIG}speed = 3\n`);
    expect(result).toMatchObject({ ok: false, error: [{ path: 'devices[0].speed', actual: 'speed' }] });
    expect(rig()).toBeNull();
  });

  it('passes on the words of a conductor that refuses', async () => {
    const open: Problem = { severity: 'error', code: 'rig.run_open', path: '', message: 'a run is open' };
    expect(await desk([open]).parts.load(RIG)).toEqual({ ok: false, error: [open] });
  });

  it('restores the last rig, but never over one the conductor has', async () => {
    const { parts, saved, rig } = desk();
    saved.push(RIG);
    await parts.restore();
    expect(rig()?.name).toBe('one');
    saved.push(RIG.replace('"one"', '"two"'));
    await parts.restore();
    expect(rig()?.name).toBe('one');
  });

  it('remembers a rig once', async () => {
    const { parts, saved, rig } = desk();
    await parts.load(RIG);
    const now = rig();
    if (now === null) throw new Error('no rig');
    await parts.remember(now);
    await parts.remember(now);
    expect(saved).toHaveLength(1);
  });
});

import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { DECLARATIONS } from '../../../src/instruments/declarations.ts';
import { FAMILIES } from '../../../src/instruments/registry.ts';

const FOLDER = join(import.meta.dirname, '../../../src/instruments');
/** Columns every table has (`spec/capa.md` §3.2); a family that declares one would have it twice. */
const RESERVED = ['record_id', 't_mono_ns', 't_utc', 'device', 'requested_at', 'received_at', 'latency_s'];

describe('families', () => {
  it('are the declared ones, under their own id', () => {
    expect([...FAMILIES.keys()].sort()).toEqual([...DECLARATIONS.keys()].sort());
    for (const [id, family] of FAMILIES) expect(family.declaration).toBe(DECLARATIONS.get(id));
  });

  for (const [id, declaration] of DECLARATIONS) {
    describe(id, () => {
      it('has its folder: family, codec, adapter, simulator, transcripts, help', () => {
        for (const name of [
          'family.ts',
          'codec.ts',
          'adapter.ts',
          'simulator.ts',
          `${id}.transcript.json`,
          'help.md',
        ]) {
          expect(existsSync(join(FOLDER, id, name)), name).toBe(true);
        }
        expect(readFileSync(join(FOLDER, id, 'help.md'), 'utf8').length).toBeGreaterThan(500);
      });

      it('declares each column, field and command once', () => {
        expect(declaration.id).toBe(id);
        const columns = declaration.columns.map((column) => column.name);
        expect(new Set(columns).size).toBe(columns.length);
        expect(columns.filter((name) => RESERVED.includes(name))).toEqual([]);
        const fields = declaration.fields.map((field) => field.field);
        expect(new Set(fields).size).toBe(fields.length);
        expect(declaration.fields.some((field) => field.offered)).toBe(true);
        const kinds = declaration.commands.map((command) => command.kind);
        expect(new Set(kinds).size).toBe(kinds.length);
      });

      it('gives params and a line from nothing, and says no to nonsense', () => {
        const parsed = declaration.parseParams({}, 'p');
        if (!parsed.ok) throw new Error('defaults refused');
        expect(parsed.params.rate_hz).toBeGreaterThan(0);
        expect(declaration.lines).toContainEqual(declaration.lineOf(parsed.params));
        // Every line worth probing can be asked for by params.
        for (const line of declaration.lines) {
          const { baudRate: baud, parity, dataBits: data_bits, stopBits: stop_bits } = line;
          const raw = id === 'sartorius' ? { baud, parity, data_bits, stop_bits } : { baud };
          const asked = declaration.parseParams(raw, 'p');
          expect(asked.ok && declaration.lineOf(asked.params)).toEqual(line);
        }
        // Filled params are valid params: a saved rig loads again.
        expect(declaration.parseParams(parsed.params, 'p')).toEqual(parsed);
        expect(declaration.parseParams({ nonsense: 1 }, 'p').ok).toBe(false);
        for (const rate of [0, -1, 101, Number.NaN, '2', null]) {
          expect(declaration.parseParams({ rate_hz: rate }, 'p').ok).toBe(false);
        }
      });
    });
  }
});

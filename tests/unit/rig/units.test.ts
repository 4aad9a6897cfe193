import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { canonicalUnit, converter, convertible, knownUnits } from '../../../src/rig/units.ts';

describe('units', () => {
  it.each([
    ['°F', '°C', 212, 100],
    ['°C', 'K', 0, 273.15],
    ['K', '°F', 0, -459.67],
    ['kg', 'mg', 1, 1e6],
    ['SCCM', 'SLPM', 500, 0.5],
    ['psia', 'kPa', 14.696, 101.325],
    ['bar', 'psi(a)', 1, 14.5038],
    ['V', 'mV', 0.5, 500],
  ])('%s → %s', (from, to, value, expected) => {
    expect(converter(from, to)?.(value)).toBeCloseTo(expected, 2);
  });

  it('keeps dimensions apart: gauge is not absolute, standard flow is not volume flow', () => {
    expect(convertible('psia', 'psig')).toBe(false);
    expect(convertible('SLPM', 'LPM')).toBe(false);
    expect(convertible('°C', 'g')).toBe(false);
  });

  it('takes equal unknown units as equal and no others', () => {
    expect(converter('furlong', 'furlong')?.(3)).toBe(3);
    expect(converter('furlong', 'm')).toBeNull();
    expect(canonicalUnit('PSIA')).toBe('psia');
  });

  it('comes back to where it was', () => {
    fc.assert(
      fc.property(
        fc.constantFrom(...knownUnits()),
        fc.constantFrom(...knownUnits()),
        fc.double({ min: -1e6, max: 1e6, noNaN: true }),
        (from, to, value) => {
          const there = converter(from, to);
          const back = converter(to, from);
          expect(there === null).toBe(back === null);
          if (there !== null && back !== null) expect(back(there(value))).toBeCloseTo(value, 6);
        },
      ),
    );
  });
});

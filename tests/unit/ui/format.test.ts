import { describe, expect, it } from 'vitest';
import {
  ageText,
  axisTimeText,
  bytesText,
  clockText,
  spanText,
  utcText,
  valueText,
  waitText,
} from '../../../src/ui/format.ts';

describe('format', () => {
  it('writes values as the fact sheet has it', () => {
    expect([0, 0.0099, 0.01, 4.31724, 99.9994, 100, 412.6, -388.123, 1e6, Number.NaN].map(valueText)).toEqual(
      ['0.000', '9.90e-3', '0.010', '4.317', '99.999', '100.00', '412.60', '-388.12', '1.00e+6', '—'],
    );
  });
  it('writes time', () => {
    expect([0, 761_900, 360_000_000, -5].map(clockText)).toEqual([
      '00:00:00',
      '00:12:41',
      '100:00:00',
      '00:00:00',
    ]);
    expect([20, 200, 1400, 14_000, 600_000].map(ageText)).toEqual([
      '20 ms',
      '0.2 s',
      '1.4 s',
      '14 s',
      '10 min',
    ]);
    expect([0, 0.29, 45, 96.25, 119.9, 600, 1000, 3900, 3905.9].map(spanText)).toEqual([
      '0 s',
      '0.2 s',
      '45 s',
      '96 s',
      '119 s',
      '10 min',
      '16 min 40 s',
      '1 h 05 min',
      '1 h 05 min 5 s',
    ]);
    expect([0.2, 41.1, 60].map(waitText)).toEqual(['1 s', '42 s', '60 s']);
    expect([14_900, 119_900, 179_000].map(ageText)).toEqual(['14 s', '119 s', '2 min']);
    expect([-30, 0, 0.5, 245, 3720].map(axisTimeText)).toEqual([
      '-0:30',
      '0:00',
      '0:00.5',
      '4:05',
      '1:02:00',
    ]);
    expect(utcText('2026-05-06T12:00:00.123456Z')).toBe('2026-05-06 12:00:00 UTC');
    expect(utcText('?')).toBe('?');
  });
  it('writes sizes in decimal multiples', () => {
    expect([0, 999, 1000, 48_213_004, 999_999, 5e9].map(bytesText)).toEqual([
      '0 B',
      '999 B',
      '1.00 kB',
      '48.2 MB',
      '1.00 MB',
      '5.00 GB',
    ]);
  });
});

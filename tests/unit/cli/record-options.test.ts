import { describe, expect, it } from 'vitest';
import { readRecordOptions } from '../../../src/cli/record-options.ts';

describe('record options', () => {
  it('reads what it is told', () => {
    const options = readRecordOptions(
      '--rig r.toml --duration 20 --out o --arm-now --grant 0403:6001:A1:B2'.split(' '),
    );
    expect(options).toMatchObject({ durationS: 20, armNow: true, sampleId: 'headless' });
    expect(options.grants).toEqual([{ vendorId: 0x403, productId: 0x6001, serialNumber: 'A1:B2' }]);
  });

  it('runs until Ctrl-C without a duration', () => {
    expect(readRecordOptions('--rig r --out o'.split(' ')).durationS).toBeNull();
  });

  it.each([
    ['--out o', '--rig is missing'],
    ['--rig r', '--out is missing'],
    ['--rig r --out o --duration 0', 'expected seconds above 0'],
    ['--rig r --out o --duration soon', 'expected seconds above 0'],
    ['--rig r --out o --grant 403', 'expected VENDOR:PRODUCT:SERIAL'],
    ['--rig r --out o --speed 3', '--speed'],
  ])('refuses %s in words', (argv, words) => {
    expect(() => readRecordOptions(argv.split(' '))).toThrow(words);
  });
});

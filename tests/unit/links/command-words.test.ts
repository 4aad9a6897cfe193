import { describe, expect, it } from 'vitest';
import { DECLARATIONS_BY_ID, type FamilyId } from '../../../src/instruments/declarations.ts';
import { argumentUnits, commandWords } from '../../../src/links/command-words.ts';
import type { Json } from '../../../src/record/event.ts';

function words(family: FamilyId, kind: string, payload: { readonly [key: string]: Json }, fieldUnits = {}) {
  const spec = DECLARATIONS_BY_ID[family].commands.find((one) => one.kind === kind);
  const command = { id: 'c', device: 'd', kind, payload, issuedBy: 'ann', why: '' };
  return commandWords(command, spec, argumentUnits(spec, fieldUnits));
}

describe('a command in words', () => {
  it('has its value with the unit it was asked in', () => {
    expect(words('watlow', 'set_setpoint', { value: 300, instance: 1 })).toBe('set_setpoint 300 °C');
    expect(words('watlow', 'set_setpoint', { value: 300, instance: 2 })).toBe(
      'set_setpoint 300 °C instance 2',
    );
    expect(words('alicat', 'set_setpoint', { value: 2.5 }, { Mass_Flow_Setpt: 'SLPM' })).toBe(
      'set_setpoint 2.5 SLPM',
    );
    expect(words('alicat', 'set_gas', { gas: 'N2', save: true })).toBe('set_gas N2 save');
    expect(words('watlow', 'write_parameter', { name: 'filter_time', value: 2 })).toBe(
      'write_parameter filter_time 2',
    );
    expect(words('sartorius', 'tare', {})).toBe('tare');
    expect(words('sartorius', 'explode', { value: 1 })).toBe('explode');
  });
});

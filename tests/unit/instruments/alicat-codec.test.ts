import { describe, expect, it } from 'vitest';
import { latin, settle } from './simulated-line.ts';
import { looksStreaming, statisticsScanner, textScanner } from '../../../src/instruments/alicat/codec.ts';
import { parseFirmware } from '../../../src/instruments/alicat/firmware.ts';
import {
  frameScanner,
  layoutFromTable,
  readFrame,
  standardLayout,
  type FrameField,
  type FrameLayout,
} from '../../../src/instruments/alicat/frame.ts';
import rows from '../../../src/instruments/alicat/alicat.transcript.json' with { type: 'json' };

const field = (column: string, type: 'number' | 'text'): FrameField => ({
  column,
  name: column,
  type,
  unit: null,
  max: null,
});
const LAYOUTS: { readonly [name: string]: FrameLayout | null } = {
  controller: standardLayout('A +1 +1 +1 +1 +1 N2'),
  meter: standardLayout('A +1 +1 +1 +1 N2'),
  'temperature-and-gas': {
    required: [field('Temperature', 'number'), field('Mix_Gas', 'text')],
    optional: [],
  },
};

function flat(value: unknown): unknown {
  const frame = value as { values: Map<FrameField, unknown>; status: readonly string[] };
  const columns = Object.fromEntries([...frame.values].map(([key, cell]) => [key.column, cell]));
  return frame.status.length > 0 ? { ...columns, status: frame.status.join(' ') } : columns;
}

describe('Alicat transcripts (spec/protocols.md §5.6)', () => {
  it('has every row', () => expect(rows.length).toBe(19));

  for (const row of rows) {
    it(`${JSON.stringify(row.sent)} → ${JSON.stringify(row.received)} [${row.mark}]`, () => {
      const request = row.sent.slice(0, -1);
      const bytes = latin(row.received);
      if (row.as === 'stream') {
        expect(looksStreaming(bytes)).toBe(row.expect);
        return;
      }
      const layout = LAYOUTS[row.layout ?? 'controller'];
      if (layout === null || layout === undefined) throw new Error('layout');
      const scan =
        row.as === 'frame'
          ? frameScanner(request, 'A', layout)
          : row.as === 'statistics'
            ? statisticsScanner(request)
            : textScanner(request, 'A');
      // Whole, and cut at every byte boundary.
      for (let cut = 0; cut <= bytes.length; cut += 1) {
        const { verdict, skipped } = settle<unknown>(scan, [bytes.slice(0, cut), bytes.slice(cut)]);
        if (row.fails !== undefined) {
          expect(verdict).toMatchObject({ type: 'bad', code: row.fails });
          continue;
        }
        if (verdict.type !== 'frame') throw new Error(JSON.stringify(verdict));
        if (row.as === 'frame') expect(flat(verdict.value)).toEqual(row.expect);
        else if (row.as === 'firmware') expect(parseFirmware(verdict.value as string)).toEqual(row.expect);
        else expect(verdict.value).toEqual(row.expect);
        if (row.skipped !== undefined) expect(skipped).toEqual(row.skipped);
      }
    });
  }
});

const NEWER = [
  'B D00 ID_ NAME______________________ TYPE_______ WIDTH NOTES___________________',
  'B D01 700 Unit ID                    string          1',
  'B D02 002 Abs Press                  s decimal     7/2 010 02 PSIA',
  'B D03 003 Flow Temp                  s decimal     7/2 002 02 `C',
  'B D04 004 Volu Flow                  s decimal     7/2 007 02 LPM',
  'B D05 005 Mass Flow                  s decimal     7/2 007 02 SLPM',
  'B D06 037 Mass Flow Setpt            s decimal     7/2 007 02 SLPM',
  'B D07 703 Gas                        string          6',
  'B D08 701 *Error                     string          3 ADC',
  'B D09 702 *Status                    string          3 OPL',
  'B D19 702 *Status                    string          3 LCK',
];
const OLDER = [
  'A  D00 NAME_______ TYPE_____ MinVal_  MaxVal_  UNITS__',
  'A  D01 Unit ID     char         A         Z         na',
  'A  D02 Pressure    signed    +000.00  +160.00     PSIA',
  'A  D03 Temperature signed    -010.00  +050.00        C',
  'A  D04 Volumetric  signed    +0000.0  +0500.0      CCM',
  'A  D05 Mass        signed    +0000.0  +0500.0     SCCM',
  'A  D06 SetPoint    signed    +0000.0  +0500.0     SCCM',
  'A  D07 Gas         string        Air       D2       na',
  'A  D08 Error       string         na      ADC       na',
  'A  D09 Status      string         na      LCK       na',
];

describe('frame layout', () => {
  it('reads both forms of the table by their header', () => {
    const columns = [
      'Abs_Press',
      'Temperature',
      'Volumetric_Flow',
      'Mass_Flow',
      'Mass_Flow_Setpt',
      'Mix_Gas',
    ];
    const newer = layoutFromTable(NEWER);
    expect(newer?.required.map((f) => f.column)).toEqual(columns);
    expect(newer?.required.map((f) => f.unit)).toEqual(['PSIA', '°C', 'LPM', 'SLPM', 'SLPM', null]);
    expect(newer?.optional).toEqual([]);
    const older = layoutFromTable(OLDER);
    expect(older?.required.map((f) => f.column)).toEqual(columns);
    expect(older?.required.map((f) => f.unit)).toEqual(['PSIA', '°C', 'CCM', 'SCCM', 'SCCM', null]);
    expect(older?.required[3]?.max).toBe(500);
  });

  it('keeps unknown and optional fields by name', () => {
    const layout = layoutFromTable([
      ...NEWER.slice(0, 8),
      'B D08 099 Curious Thing              s decimal     7/2 007 02 X',
      'B D09 098 *Now And Then              s decimal     7/2 007 02 X',
    ]);
    if (layout === null) throw new Error('no layout');
    expect(layout.required.at(-1)).toMatchObject({ column: null, name: 'Curious Thing' });
    const read = readFrame('+1 +2 +3 +4 +5 N2 +6 +7 HLD', layout);
    if (read.type !== 'value') throw new Error(JSON.stringify(read));
    const byName = Object.fromEntries([...read.value.values].map(([f, v]) => [f.name, v]));
    expect(byName).toMatchObject({ 'Curious Thing': 6, 'Now And Then': 7 });
    expect(read.value.status).toEqual(['HLD']);
  });

  it('knows nothing about frames that are neither controller nor meter', () => {
    expect(standardLayout('A +1 +2 N2')).toBeNull();
    expect(standardLayout('A +1 +2 +3 +4 +5 +6 N2')).toBeNull();
  });
});

describe('frames that must not become values', () => {
  const layout = standardLayout('A +1 +1 +1 +1 +1 N2');
  if (layout === null) throw new Error('layout');
  const read = (text: string) => settle(frameScanner('A', 'A', layout), [latin(text)]);
  const GOOD = 'A +014.62 +021.89 +000.00 +000.00 +078.95     N2';

  it('takes dashes as no value, and keeps null apart from zero', () => {
    const { verdict } = read('A +014.62 -- +000.00 ------- +078.95 N2\r');
    if (verdict.type !== 'frame') throw new Error('no frame');
    expect(flat(verdict.value)).toMatchObject({ Temperature: null, Mass_Flow: null, Volumetric_Flow: 0 });
  });

  it('skips another unit, an echo, a left-over line and bus noise, then takes the frame', () => {
    const { verdict, skipped } = read(`A\rB +1 +1 +1 +1 +1 N2\rjunk\r\0\0\xff${GOOD}\r`);
    expect(verdict.type).toBe('frame');
    expect(skipped).toEqual(['echo', 'address', 'stale', 'garbage']);
  });

  it.each([
    ['a byte above 7F', GOOD.replace('21', '2\xb1')],
    ['a control byte', GOOD.replace('21', '2\x11')],
    ['a letter in a number', GOOD.replace('21', '2l')],
    ['two lines run together', GOOD + GOOD],
    ['a cut line before a whole one', GOOD.slice(0, 25) + GOOD],
    ['too few fields', 'A +014.62 +021.89'],
  ])('rejects %s', (_, line) => {
    expect(read(`${line}\r`).verdict).toMatchObject({ type: 'bad', code: 'malformed' });
  });

  it('gives up on a line that never ends', () => {
    expect(read('A'.repeat(2000)).verdict).toMatchObject({ type: 'bad', code: 'malformed' });
  });

  it('takes the first of two glued replies and leaves the second', () => {
    const { verdict, left } = read(`${GOOD}\r${GOOD}\r`);
    expect(verdict.type).toBe('frame');
    expect(left).toBe(GOOD.length + 1);
  });
});

import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Rig } from '../../../src/rig/rig.ts';
import { formatRig, parseRig } from '../../../src/rig/toml.ts';
import { DECLARATIONS } from './declarations.ts';

const GOOD = `
name = "bench 1"
[[devices]]
name = "heater"
adapter = "oven"
port = { transport = "web-serial", usb_vendor_id = 0x0403, usb_product_id = 0x6001 }
[devices.params]
rate_hz = 5
baud = 38400

[[channels]]
name = "heater.pv"
kind = "process_var"
unit = "°C"
source = { device = "heater", field = "heat", instance = 2 }
calibration = { kind = "linear_two_point", ref_low_raw = 0, ref_low_value = 1, ref_high_raw = 100, ref_high_value = 99.5 }
plot_group = "temperatures"
`;

const problemsOf = (text: string) => {
  const result = parseRig(text, DECLARATIONS);
  return result.ok ? [] : result.error;
};
const withLine = (line: string) => problemsOf(GOOD.replace('[[channels]]', `${line}\n[[channels]]`));

describe('parseRig', () => {
  it('fills every default', () => {
    const result = parseRig(GOOD, DECLARATIONS);
    expect(result).toEqual({
      ok: true,
      value: {
        name: 'bench 1',
        devices: [
          {
            name: 'heater',
            adapter: 'oven',
            port: { transport: 'web-serial', usbVendorId: 0x0403, usbProductId: 0x6001, index: 0 },
            params: { rate_hz: 5, baud: 38400 },
            onFailure: 'warn',
          },
        ],
        channels: [
          {
            name: 'heater.pv',
            kind: 'process_var',
            unit: '°C',
            source: { device: 'heater', field: 'heat', instance: 2 },
            calibration: {
              kind: 'linear_two_point',
              refLowRaw: 0,
              refLowValue: 1,
              refHighRaw: 100,
              refHighValue: 99.5,
            },
            keepRaw: true,
            plotGroup: 'temperatures',
            decimateToHz: 60,
          },
        ],
        storage: { partBytesMax: 500_000_000, partMinutesMax: 60 },
      },
    });
  });

  it('refuses what is not TOML, saying where', () => {
    expect(problemsOf('name = \n')).toMatchObject([
      { code: 'schema.syntax', actual: expect.stringMatching(/^line 1/) },
    ]);
  });

  it.each([
    ['an unknown key', GOOD.replace('unit =', 'unti = "x"\nunit ='), 'schema.unknown', 'channels[0].unti'],
    ['an unknown table', `${GOOD}\n[safety]\nrules = []`, 'schema.unknown', 'safety'],
    ['a bad choice', GOOD.replace('"process_var"', '"video"'), 'schema.picklist', 'channels[0].kind'],
    [
      'a transport nobody has',
      GOOD.replace('"web-serial"', '"bluetooth"'),
      'schema.variant',
      'devices[0].port.transport',
    ],
    [
      'a vendor id out of range',
      GOOD.replace('0x0403', '0x10403'),
      'schema.max_value',
      'devices[0].port.usb_vendor_id',
    ],
    ['a missing name', GOOD.replace('name = "bench 1"', ''), 'schema.missing', 'name'],
    [
      'params of the family',
      GOOD.replace('rate_hz = 5', 'rate_hz = 0'),
      'schema.value',
      'devices[0].params.rate_hz',
    ],
    ['an unknown adapter', GOOD.replace('"oven"', '"kiln"'), 'devices.unknown_adapter', 'devices[0].adapter'],
    [
      'an unknown device',
      GOOD.replace('device = "heater"', 'device = "x"'),
      'channels.unknown_device',
      'channels[0].source.device',
    ],
    [
      'an unknown field',
      GOOD.replace('field = "heat"', 'field = "cold"'),
      'channels.unknown_field',
      'channels[0].source.field',
    ],
    [
      'a unit of another dimension',
      GOOD.replace(/calibration.*\n/, '').replace('"°C"', '"kg"'),
      'channels.unit_mismatch',
      'channels[0].unit',
    ],
    [
      'a unit nothing converts to, where the device says its own',
      GOOD.replace('field = "heat"', 'field = "flow"')
        .replace(/calibration.*\n/, '')
        .replace('"°C"', '"slm"'),
      'channels.unknown_unit',
      'channels[0].unit',
    ],
    ['a name that climbs', GOOD.replace('"heater.pv"', '"../pv"'), 'schema.regex', 'channels[0].name'],
    ['a name with a slash', GOOD.replaceAll('"heater"', '"a/b"'), 'schema.regex', 'devices[0].name'],
    ['a reserved name', GOOD.replaceAll('"heater"', '"conductor"'), 'schema.check', 'devices[0].name'],
    [
      'two equal reference points',
      GOOD.replace('ref_high_raw = 100', 'ref_high_raw = 0'),
      'schema.check',
      'channels[0].calibration',
    ],
  ])('refuses %s', (_what, text, code, path) => {
    const problems = problemsOf(text);
    expect(problems).toMatchObject([{ severity: 'error', code, path }]);
    expect(problems[0]?.expected).toMatch(/\S/);
    expect(problems[0]?.actual).toMatch(/\S/);
  });

  it('says expected and actual in numbers', () => {
    expect(problemsOf(GOOD.replace('0x0403', '70000'))[0]).toMatchObject({
      expected: 'at most 65535',
      actual: '70000',
    });
  });

  it('refuses two devices of one name, cases aside', () => {
    const twice = `${GOOD}\n[[devices]]\nname = "Heater"\nadapter = "oven"\nport = { transport = "simulated" }\n`;
    expect(problemsOf(twice)).toMatchObject([
      { code: 'devices.duplicate_name', path: 'devices[1].name', actual: 'Heater' },
    ]);
  });

  it('refuses one port with two line settings, and lets equal ones share', () => {
    const port = 'port = { transport = "web-serial", usb_vendor_id = 0x0403, usb_product_id = 0x6001 }';
    const second = (baud: number) =>
      `[[devices]]\nname = "b"\nadapter = "oven"\n${port}\nparams = { baud = ${baud} }`;
    expect(withLine(second(9600))).toMatchObject([
      { code: 'devices.line_conflict', path: 'devices[1].port', expected: '38400 8N1', actual: '9600 8N1' },
    ]);
    expect(withLine(second(38400))).toEqual([]);
  });

  it('lets a calibration lead to another dimension, and a device say its own unit', () => {
    expect(problemsOf(GOOD.replace('unit = "°C"', 'unit = "kg"'))).toEqual([]);
    expect(
      problemsOf(GOOD.replace('field = "heat"', 'field = "flow"').replace(/calibration.*\n/, '')),
    ).toEqual([]);
  });

  it('never throws, whatever the text', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), (text) => {
        parseRig(text, DECLARATIONS);
        parseRig(GOOD.slice(0, text.length % GOOD.length) + text, DECLARATIONS);
      }),
      { numRuns: 200 },
    );
  });
});

const number = fc.oneof(
  fc.integer(),
  fc.double({ noNaN: true, noDefaultInfinity: true }),
  fc.constantFrom(1e21, 5e-324, 2 ** 53, 0.1),
);
const text = fc.string({ unit: 'grapheme', minLength: 1, maxLength: 20 });
const param = fc.oneof(
  number,
  text,
  fc.boolean(),
  fc.array(fc.oneof(number, text), { maxLength: 3 }),
  fc.dictionary(text, number, { maxKeys: 2, noNullPrototype: true }),
);
const key = text.filter((name) => !['rate_hz', 'baud', '__proto__'].includes(name));

const anyRig: fc.Arbitrary<Rig> = fc.record({
  name: text,
  devices: fc
    .array(
      fc.record({
        adapter: fc.constant('oven'),
        port: fc.oneof(
          fc.constant({ transport: 'simulated' as const }),
          fc.record({
            transport: fc.constant('web-serial' as const),
            usbVendorId: fc.nat(0xffff),
            usbProductId: fc.nat(0xffff),
            index: fc.nat(31),
          }),
        ),
        params: fc
          .tuple(
            fc.dictionary(key, param, { maxKeys: 3, noNullPrototype: true }),
            fc.constantFrom(1, 5, 0.1, 12.5),
          )
          .map(([other, rate_hz]) => ({ ...other, rate_hz })),
        onFailure: fc.constantFrom('warn' as const, 'abort' as const),
      }),
      { minLength: 1, maxLength: 3 },
    )
    .map((devices) => devices.map((device, index) => ({ ...device, name: `d${index}` }))),
  channels: fc
    .array(
      fc.record({
        kind: fc.constantFrom('process_var' as const, 'mass' as const),
        unit: fc.constantFrom('°C', '°F', 'K', 'degC'),
        source: fc.oneof(
          fc.constant({ device: 'd0', field: 'heat' }),
          fc.integer({ min: 1, max: 64 }).map((instance) => ({ device: 'd0', field: 'heat', instance })),
        ),
        calibration: fc.oneof(
          fc.constant({ kind: 'identity' as const }),
          fc
            .array(number, { minLength: 1, maxLength: 4 })
            .map((coefficients) => ({ kind: 'polynomial' as const, coefficients })),
          fc.record({ refLowValue: number, refHighValue: number }).map((values) => ({
            kind: 'linear_two_point' as const,
            refLowRaw: 0,
            refHighRaw: 10.5,
            ...values,
          })),
        ),
        keepRaw: fc.boolean(),
        plotGroup: text,
        decimateToHz: fc.constantFrom(60, 0.5, 100),
      }),
      { maxLength: 3 },
    )
    .map((channels) => channels.map((channel, index) => ({ ...channel, name: `c.${index}` }))),
  storage: fc.record({
    partBytesMax: fc.integer({ min: 65_536, max: 4_000_000_000 }),
    partMinutesMax: fc.constantFrom(60, 0.5),
  }),
});

describe('formatRig', () => {
  it('reads back the same', () => {
    fc.assert(
      fc.property(anyRig, (rig) => {
        const text = formatRig(rig);
        expect(text.endsWith('\n')).toBe(true);
        expect(parseRig(text, DECLARATIONS)).toEqual({ ok: true, value: rig });
      }),
      { numRuns: 300 },
    );
  });

  it('is stable: a rig read and written again gives the same text', () => {
    const first = parseRig(GOOD, DECLARATIONS);
    if (!first.ok) throw new Error('the example is good');
    const written = formatRig(first.value);
    const again = parseRig(written, DECLARATIONS);
    expect(again.ok && formatRig(again.value)).toBe(written);
  });
});

import { describe, expect, it } from 'vitest';
import type { Cell } from '../../../src/record/item.ts';
import { createCalibrator } from '../../../src/rig/calibrate.ts';
import type { Calibration, Rig, RigChannel } from '../../../src/rig/rig.ts';
import { OVEN } from './declarations.ts';

const channel = (
  field: string,
  unit: string,
  calibration: Calibration = { kind: 'identity' },
): RigChannel => ({
  name: `oven.${field}`,
  kind: 'process_var',
  unit,
  source: { device: 'oven1', field },
  calibration,
  keepRaw: true,
  plotGroup: 'x',
  decimateToHz: 60,
});
const rig = (...channels: RigChannel[]): Rig => ({
  name: 'r',
  devices: [
    {
      name: 'oven1',
      adapter: 'oven',
      port: { transport: 'simulated' },
      params: { rate_hz: 1 },
      onFailure: 'warn',
    },
  ],
  channels,
  storage: { partBytesMax: 1e6, partMinutesMax: 1 },
});
const schemas = new Map([[OVEN.id, OVEN]]);
const record = (columns: { [name: string]: Cell }, device = 'oven1') => ({
  family: 'oven',
  device,
  seq: 7,
  tMonoNs: 1_000,
  columns,
});

describe('samplesOf', () => {
  it('calibrates in the raw unit, then converts to the channel unit', () => {
    const doubled = channel('heat', '°C', { kind: 'polynomial', coefficients: [0, 2] });
    const [sample] = createCalibrator(rig(doubled), schemas).samplesOf(record({ heat: 106 }));
    expect(sample).toEqual({
      tMonoNs: 1_000,
      channel: 'oven.heat',
      value: expect.closeTo(100, 9),
      valueKind: 'float',
      rawValue: 106,
      rawText: null,
      rawKind: 'float',
      unit: '°C',
      uncertainty: null,
      status: 'ok',
      sourceRecordId: 'oven:oven1:7',
      sourceField: 'heat',
    });
  });

  it('takes the result of a calibration between dimensions as the channel unit', () => {
    const line: Calibration = {
      kind: 'linear_two_point',
      refLowRaw: 0,
      refLowValue: 10,
      refHighRaw: 100,
      refHighValue: 20,
    };
    const [sample] = createCalibrator(rig(channel('heat', 'kg', line)), schemas).samplesOf(
      record({ heat: 50 }),
    );
    expect(sample?.value).toBe(15);
  });

  it('uses the unit the device says', () => {
    const { samplesOf } = createCalibrator(rig(channel('flow', 'SLPM')), schemas);
    expect(samplesOf(record({ flow: 500, flow_unit: 'SCCM' }))[0]?.value).toBeCloseTo(0.5, 12);
    expect(samplesOf(record({ flow: 2, flow_unit: 'slpm' }))[0]?.value).toBe(2);
  });

  it('quarantines a channel whose device speaks another dimension', () => {
    const [sample] = createCalibrator(rig(channel('flow', 'SLPM')), schemas).samplesOf(
      record({ flow: 5, flow_unit: '°C' }),
    );
    expect(sample).toMatchObject({ value: Number.NaN, status: 'source_invalid', rawValue: 5 });
  });

  it('keeps integers and booleans as kinds', () => {
    const { samplesOf } = createCalibrator(rig(channel('count', ''), channel('open', '')), schemas);
    expect(samplesOf(record({ count: 3, open: true }))).toMatchObject([
      { value: 3, valueKind: 'int', rawKind: 'int', rawValue: 3 },
      { value: 1, valueKind: 'bool', rawKind: 'bool', rawValue: 1 },
    ]);
  });

  it('gives no sample for text or nothing, and a NaN with the reason when the device says why', () => {
    const { samplesOf } = createCalibrator(rig(channel('word', ''), channel('heat', '°F')), schemas);
    expect(samplesOf(record({ word: 'Air', heat: null }))).toEqual([]);
    expect(samplesOf(record({ heat: null, heat_status: 'sensor_fail' }))).toMatchObject([
      { value: Number.NaN, status: 'sensor_fail', rawValue: null, rawKind: null },
    ]);
  });

  it('leaves raw values out unless they are wanted, and other devices alone', () => {
    const { samplesOf } = createCalibrator(rig({ ...channel('heat', '°F'), keepRaw: false }), schemas);
    expect(samplesOf(record({ heat: 1 }))).toMatchObject([{ value: 1, rawValue: null, rawKind: null }]);
    expect(samplesOf(record({ heat: 1 }, 'oven2'))).toEqual([]);
  });
});

describe('blocksOf', () => {
  const block = {
    family: 'oven',
    device: 'oven1',
    field: 'heat',
    seq: 9,
    tMonoNs: 5,
    dtNs: 10,
    values: Float64Array.of(32, 212),
  };

  it('converts a whole block', () => {
    const [found] = createCalibrator(rig(channel('heat', '°C')), schemas).blocksOf(block);
    expect(found).toMatchObject({
      channel: 'oven.heat',
      unit: '°C',
      tMonoNs: 5,
      dtNs: 10,
      sourceRecordId: 'oven:oven1:9',
    });
    expect(found?.values[0]).toBeCloseTo(0, 9);
    expect(found?.values[1]).toBeCloseTo(100, 9);
    expect(found?.rawValues).toBe(block.values);
  });

  it('does not copy what needs no work', () => {
    const [found] = createCalibrator(rig(channel('heat', '°F')), schemas).blocksOf(block);
    expect(found?.values).toBe(block.values);
  });
});

import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DuckDBInstance } from '@duckdb/node-api';
import { ByteWriter, ParquetWriter } from 'hyparquet-writer';
import { afterAll, describe, expect, it } from 'vitest';
import {
  deviceRecordColumns,
  deviceRecordRow,
  recordId,
} from '../../../src/formats/parquet/device-records.ts';
import { SCALARS_COLUMNS, scalarsRow } from '../../../src/formats/parquet/scalars.ts';
import {
  parquetSchema,
  RowGroup,
  type TableCell,
  type TableColumn,
} from '../../../src/formats/parquet/table.ts';
import type { JournalRecord } from '../../../src/formats/journal/item.ts';
import type { DeviceSchema } from '../../../src/rig/device-schema.ts';

const folder = mkdtempSync(join(tmpdir(), 'parquet-'));
afterAll(() => rmSync(folder, { recursive: true }));

function write(
  name: string,
  columns: readonly TableColumn[],
  rows: readonly (readonly TableCell[])[],
): string {
  const writer = new ByteWriter();
  const file = new ParquetWriter({ writer, schema: parquetSchema(columns) });
  const group = new RowGroup(columns);
  for (const row of rows) group.push(row);
  if (group.rows > 0) void file.write({ columnData: group.take(), rowGroupSize: rows.length });
  void file.finish();
  const path = join(folder, name);
  writeFileSync(path, writer.getBytes());
  return path;
}

async function query(sql: string): Promise<readonly (readonly unknown[])[]> {
  const connection = await (await DuckDBInstance.create()).connect();
  return (await connection.runAndReadAll(sql)).getRowsJson();
}

const ZERO = { hostMs: 0, utcMs: Date.UTC(2026, 4, 6, 12) };
const SCHEMA: DeviceSchema = {
  id: 'demo',
  layout: 'wide_row',
  columns: [
    { name: 'flow', type: 'float' },
    { name: 'count', type: 'int' },
    { name: 'valid', type: 'bool' },
    { name: 'gas', type: 'string' },
    { name: 'stamp', type: 'timestamp' },
  ],
  readField: () => null,
};
const RECORD: JournalRecord = {
  type: 'record',
  seq: 7,
  producer: 'mfc/1',
  tMonoNs: 1_500_000_000,
  device: 'mfc',
  family: 'demo',
  exchange: 3,
  requestedMonoNs: 1_499_000_000,
  receivedMonoNs: 1_501_000_000,
  columns: { flow: 1.25, count: 4, valid: true, gas: 'N2', stamp: 1_500_000_000, surprise: 'new' },
};

describe('scalars.parquet', () => {
  const sample = {
    tMonoNs: 9_000_000_000_000_001,
    channel: 'flow',
    value: Number.NaN,
    valueKind: 'float' as const,
    rawValue: null,
    rawText: 'Lock',
    rawKind: 'str' as const,
    unit: 'SLPM',
    uncertainty: null,
    status: 'ok',
    sourceRecordId: 'demo:mfc:1',
    sourceField: 'flow',
  };

  it('has the 13 columns, types and nullability of the contract, in DuckDB', async () => {
    const path = write('scalars.parquet', SCALARS_COLUMNS, [
      scalarsRow(sample),
      scalarsRow({ ...sample, value: 2 }),
    ]);
    const types = await query(`DESCRIBE SELECT * FROM '${path}'`);
    expect(types.map(([name, type]) => `${String(name)} ${String(type)}`)).toEqual([
      't_mono_ns BIGINT',
      't_mono_s DOUBLE',
      'channel VARCHAR',
      'value DOUBLE',
      'value_kind VARCHAR',
      'raw_value DOUBLE',
      'raw_text VARCHAR',
      'raw_kind VARCHAR',
      'unit VARCHAR',
      'uncertainty DOUBLE',
      'status VARCHAR',
      'source_record_id VARCHAR',
      'source_field VARCHAR',
    ]);
    const nullability = await query(`SELECT name, repetition_type FROM parquet_schema('${path}') OFFSET 1`);
    expect(nullability.filter(([, kind]) => kind === 'REQUIRED').map(([name]) => name)).toEqual([
      't_mono_ns',
      't_mono_s',
      'channel',
      'value',
      'value_kind',
      'unit',
      'status',
    ]);
    expect(await query(`SELECT t_mono_ns, isnan(value), raw_value, raw_text FROM '${path}' LIMIT 1`)).toEqual(
      [['9000000000000001', true, null, 'Lock']],
    );
    const encodings = await query(
      `SELECT encodings FROM parquet_metadata('${path}') WHERE path_in_schema='channel'`,
    );
    expect(String(encodings[0])).toContain('RLE_DICTIONARY');
  });

  it('can be empty', async () => {
    expect(await query(`SELECT count(*) FROM '${write('empty.parquet', SCALARS_COLUMNS, [])}'`)).toEqual([
      ['0'],
    ]);
  });
});

describe('device_records', () => {
  it('keeps declared columns by type, the rest in extra_json', async () => {
    const wrong = { ...RECORD, columns: { flow: 'bad', count: 1.5 } };
    const rows = [RECORD, wrong].map((record, i) =>
      deviceRecordRow(record, SCHEMA, recordId('demo', 'mfc', i + 1), ZERO),
    );
    expect(rows.map(({ unknown }) => unknown)).toEqual([['surprise'], ['flow', 'count']]);
    const path = write(
      'records.parquet',
      deviceRecordColumns(SCHEMA),
      rows.map(({ cells }) => cells),
    );
    const types = await query(`SELECT column_name, column_type FROM (DESCRIBE SELECT * FROM '${path}')`);
    expect(types).toContainEqual(['t_utc', 'TIMESTAMP WITH TIME ZONE']);
    expect(types).toContainEqual(['count', 'BIGINT']);
    expect(types).toContainEqual(['valid', 'BOOLEAN']);
    const values = await query(
      `SELECT record_id, epoch_us(t_utc), flow, count, valid, gas, latency_s, journal_sequence, extra_json FROM '${path}' ORDER BY record_id`,
    );
    const us = String(ZERO.utcMs * 1000 + 1_500_000);
    expect(values).toEqual([
      ['demo:mfc:1', us, 1.25, '4', true, 'N2', 0.002, '7', '{"surprise": "new"}'],
      ['demo:mfc:2', us, null, null, null, null, 0.002, '7', '{"flow": "bad", "count": 1.5}'],
    ]);
  });

  it('refuses a cell of another type and a null in a required column', () => {
    const group = new RowGroup([{ name: 'a', kind: 'int64', required: true }]);
    expect(() => group.push([1])).toThrow('column a');
    expect(() => group.push([null])).toThrow('column a');
  });
});

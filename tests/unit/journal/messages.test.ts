import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { isoUtc, tMonoNs } from '../../../src/record/clock.ts';
import type { DataItem } from '../../../src/record/item.ts';
import type { DeviceSchemas } from '../../../src/rig/device-schema.ts';
import type { JournalItem } from '../../../src/formats/journal/item.ts';
import {
  MESSAGE_ENCODING,
  channelMetadata,
  decodeMessage,
  encodeItem,
} from '../../../src/formats/journal/messages.ts';
import { encodeBlock } from '../../../src/formats/journal/binary-messages.ts';
import { readFields } from '../../../src/formats/journal/protobuf.ts';
import { journalSchema } from '../../../src/formats/journal/schemas.ts';
import { ZERO, dataItem } from './arbitrary.ts';

function expected(item: DataItem): JournalItem {
  const base = { seq: 7, producer: 'dev/1', tMonoNs: tMonoNs(item.tHostMs, ZERO) };
  switch (item.type) {
    case 'wire':
      return {
        ...base,
        type: 'wire',
        port: item.port,
        device: item.device,
        direction: item.direction,
        exchange: item.exchange,
        job: item.job,
        bytes: item.bytes,
      };
    case 'record':
      return {
        ...base,
        type: 'record',
        device: item.device,
        family: item.family,
        exchange: item.exchange,
        requestedMonoNs: tMonoNs(item.requestedHostMs, ZERO),
        receivedMonoNs: tMonoNs(item.receivedHostMs, ZERO),
        columns: item.columns,
      };
    case 'block':
      return {
        ...base,
        type: 'block',
        device: item.device,
        family: item.family,
        field: item.field,
        dtNs: item.dtMs * 1e6,
        values: item.values,
      };
    case 'status':
      return {
        ...base,
        type: 'status',
        device: item.device,
        family: item.family,
        health: item.health,
        fields: item.fields,
      };
    case 'log':
      return {
        ...base,
        type: 'log',
        tUtc: isoUtc(item.tUtcMs),
        level: item.level,
        event: item.event,
        fields: item.fields,
      };
  }
}

function roundTrip(item: DataItem): JournalItem | null {
  const message = encodeItem(item, { zero: ZERO });
  const channel = {
    topic: message.topic,
    metadata: channelMetadata(item, 'dev/1'),
    messageEncoding: MESSAGE_ENCODING[item.type],
  };
  return decodeMessage(channel, { sequence: 7, data: message.data });
}

describe('journal messages', () => {
  it('give back every item, on the run clock', () => {
    fc.assert(
      fc.property(dataItem, (item) => {
        expect(roundTrip(item)).toEqual(expected(item));
      }),
      { numRuns: 500 },
    );
  });

  it('hold packed doubles at a multiple of 8, so they are read without a copy', () => {
    fc.assert(
      fc.property(
        fc.string({ maxLength: 30 }),
        fc.float64Array({ minLength: 1, maxLength: 3000 }),
        (field, values) => {
          const data = encodeBlock(
            { type: 'block', tHostMs: ZERO.hostMs, device: 'd', family: 'f', field, dtMs: 1, values },
            ZERO,
          );
          const packed = readFields(data).get(4);
          expect(packed).toBeInstanceOf(Uint8Array);
          expect(((packed as Uint8Array).byteOffset - data.byteOffset) % 8).toBe(0);
          expect((packed as Uint8Array).buffer).toBe(data.buffer);
        },
      ),
    );
  });

  it('declare schemas within what the viewers take', () => {
    const schemas: DeviceSchemas = new Map([
      [
        'alicat',
        {
          id: 'alicat',
          layout: 'wide_row',
          columns: [
            { name: 'flow', type: 'float' },
            { name: 'n', type: 'int' },
            { name: 'gas', type: 'string' },
          ],
          readField: () => null,
        },
      ],
    ]);
    const check = (property: { type: unknown; properties?: { [name: string]: never } }): void => {
      expect(['boolean', 'string', 'number', 'integer', 'object']).toContain(property.type);
      for (const inner of Object.values(property.properties ?? {})) check(inner);
    };
    for (const key of ['status', 'log', 'record:alicat', 'record:unknown'] as const) {
      const schema = journalSchema(key, schemas);
      const json = JSON.parse(new TextDecoder().decode(schema.data)) as {
        type: string;
        properties: { columns?: { properties: object } };
      };
      expect(schema.encoding).toBe('jsonschema');
      expect(json.type).toBe('object');
      check(json as never);
      if (key === 'record:alicat')
        expect(json.properties.columns?.properties).toEqual({
          flow: { type: 'number' },
          n: { type: 'number' },
          gas: { type: 'string' },
        });
    }
  });

  it('answer null on foreign topics and throw on damaged messages of ours', () => {
    const channel = { topic: '/foreign', metadata: new Map(), messageEncoding: 'json' };
    expect(decodeMessage(channel, { sequence: 1, data: new Uint8Array() })).toBeNull();
    const wire = { topic: '/wire/p', metadata: new Map([['producer', 'x/1']]), messageEncoding: 'protobuf' };
    expect(() => decodeMessage(wire, { sequence: 1, data: new Uint8Array([0xff]) })).toThrow();
  });
});

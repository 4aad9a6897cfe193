import type { DeviceSchemas } from '../../rig/device-schema.ts';
import type { ColumnType } from '../../rig/device-schema.ts';
import { BLOCK_SCHEMA, WIRE_SCHEMA } from './binary-messages.ts';

/** Which schema a message has; one MCAP schema record each. */
export type SchemaKey = 'wire' | 'block' | 'status' | 'log' | `record:${string}`;

export interface JournalSchema {
  readonly name: string;
  readonly encoding: 'protobuf' | 'jsonschema';
  readonly data: Uint8Array;
}

/**
 * JSON schemas stay inside what the viewers take (`spec/dam-quire-capsule.md` §6.5): one type per property, no
 * `integer` for nanoseconds, nullable columns simply may be null at run time.
 */
type Property =
  | { readonly type: 'boolean' | 'string' | 'number' | 'integer' }
  | { readonly type: 'object'; readonly properties?: { readonly [name: string]: Property } };

const NUMBER: Property = { type: 'number' };
const TEXT_PROPERTY: Property = { type: 'string' };
const OBJECT: Property = { type: 'object' };
const TEXT = new TextEncoder();

const CELL: { readonly [type in ColumnType]: Property } = {
  float: NUMBER,
  int: NUMBER,
  bool: { type: 'boolean' },
  string: TEXT_PROPERTY,
  timestamp: NUMBER,
};

function jsonSchema(name: string, properties: { readonly [name: string]: Property }): JournalSchema {
  return {
    name,
    encoding: 'jsonschema',
    data: TEXT.encode(JSON.stringify({ title: name, type: 'object', properties })),
  };
}

function recordSchema(family: string, schemas: DeviceSchemas): JournalSchema {
  const columns = schemas.get(family)?.columns ?? [];
  return jsonSchema(`benchseal.Record.${family}`, {
    t_mono_ns: NUMBER,
    requested_mono_ns: NUMBER,
    received_mono_ns: NUMBER,
    exchange: NUMBER,
    columns: { type: 'object', properties: Object.fromEntries(columns.map((c) => [c.name, CELL[c.type]])) },
    special: OBJECT,
  });
}

const STATUS = jsonSchema('benchseal.Status', { t_mono_ns: NUMBER, health: TEXT_PROPERTY, fields: OBJECT });

const LOG = jsonSchema('foxglove.Log', {
  timestamp: { type: 'object', properties: { sec: { type: 'integer' }, nsec: { type: 'integer' } } },
  level: { type: 'integer' },
  message: TEXT_PROPERTY,
  name: TEXT_PROPERTY,
  file: TEXT_PROPERTY,
  line: { type: 'integer' },
  t_mono_ns: NUMBER,
  t_utc: TEXT_PROPERTY,
  event: TEXT_PROPERTY,
  fields: OBJECT,
});

export function journalSchema(key: SchemaKey, schemas: DeviceSchemas): JournalSchema {
  switch (key) {
    case 'wire':
      return { name: 'benchseal.Wire', encoding: 'protobuf', data: WIRE_SCHEMA };
    case 'block':
      return { name: 'benchseal.Block', encoding: 'protobuf', data: BLOCK_SCHEMA };
    case 'status':
      return STATUS;
    case 'log':
      return LOG;
    default:
      return recordSchema(key.slice('record:'.length), schemas);
  }
}

import { tMonoNs } from '../../record/clock.ts';
import type { RunZero } from '../../record/clock.ts';
import type { BlockItem, WireItem } from '../../record/item.ts';
import type { JournalBlock, JournalWire } from './item.ts';
import {
  ProtobufWriter,
  bytesField,
  doublesField,
  fileDescriptorSet,
  numberField,
  readFields,
  textField,
} from './protobuf.ts';

/** `benchseal.Wire` and `benchseal.Block`: the two protobuf messages of the journal. */
const WIRE = { tMonoNs: 1, direction: 2, exchange: 3, device: 4, job: 5, data: 6 } as const;
const BLOCK = { tMonoNs: 1, dtNs: 2, field: 3, values: 4 } as const;
const DIRECTIONS = { tx: 1, rx: 2 } as const;

export const WIRE_SCHEMA = fileDescriptorSet({
  package: 'benchseal',
  name: 'Wire',
  fields: [
    { name: 't_mono_ns', number: WIRE.tMonoNs, type: 'sfixed64' },
    { name: 'direction', number: WIRE.direction, type: 'enum', typeName: '.benchseal.Wire.Direction' },
    { name: 'exchange', number: WIRE.exchange, type: 'uint64' },
    { name: 'device', number: WIRE.device, type: 'string' },
    { name: 'job', number: WIRE.job, type: 'string' },
    { name: 'data', number: WIRE.data, type: 'bytes' },
  ],
  enums: { Direction: ['UNKNOWN', 'TX', 'RX'] },
});

export const BLOCK_SCHEMA = fileDescriptorSet({
  package: 'benchseal',
  name: 'Block',
  fields: [
    { name: 't_mono_ns', number: BLOCK.tMonoNs, type: 'sfixed64' },
    { name: 'dt_ns', number: BLOCK.dtNs, type: 'double' },
    { name: 'field', number: BLOCK.field, type: 'string' },
    { name: 'values', number: BLOCK.values, type: 'double', repeated: true },
  ],
});

export function encodeWire(item: WireItem, zero: RunZero): Uint8Array {
  return new ProtobufWriter(64 + item.bytes.length)
    .sfixed64(WIRE.tMonoNs, tMonoNs(item.tHostMs, zero))
    .uint(WIRE.direction, DIRECTIONS[item.direction])
    .uint(WIRE.exchange, item.exchange)
    .text(WIRE.device, item.device)
    .text(WIRE.job, item.job)
    .bytes(WIRE.data, item.bytes)
    .finish();
}

export type DecodedWire = Omit<JournalWire, 'seq' | 'producer' | 'port'>;

/** The bytes are a copy: they may outlive the chunk. */
export function decodeWire(data: Uint8Array): DecodedWire {
  const fields = readFields(data);
  const direction = numberField(fields, WIRE.direction);
  if (direction !== DIRECTIONS.tx && direction !== DIRECTIONS.rx)
    throw new Error(`benchseal.Wire: direction ${direction}`);
  return {
    type: 'wire',
    tMonoNs: numberField(fields, WIRE.tMonoNs),
    direction: direction === DIRECTIONS.tx ? 'tx' : 'rx',
    exchange: numberField(fields, WIRE.exchange),
    device: textField(fields, WIRE.device),
    job: textField(fields, WIRE.job),
    bytes: bytesField(fields, WIRE.data).slice(),
  };
}

export function encodeBlock(item: BlockItem, zero: RunZero): Uint8Array {
  return new ProtobufWriter(96 + item.values.byteLength)
    .sfixed64(BLOCK.tMonoNs, tMonoNs(item.tHostMs, zero))
    .double(BLOCK.dtNs, item.dtMs * 1e6)
    .text(BLOCK.field, item.field)
    .packedDoubles(BLOCK.values, item.values)
    .finish();
}

export type DecodedBlock = Omit<JournalBlock, 'seq' | 'producer' | 'device' | 'family'>;

/** `values` may be a view into `data`: use it before the chunk is dropped, or copy it. */
export function decodeBlock(data: Uint8Array): DecodedBlock {
  const fields = readFields(data, [BLOCK.dtNs]);
  return {
    type: 'block',
    tMonoNs: numberField(fields, BLOCK.tMonoNs),
    dtNs: numberField(fields, BLOCK.dtNs),
    field: textField(fields, BLOCK.field),
    values: doublesField(fields, BLOCK.values),
  };
}

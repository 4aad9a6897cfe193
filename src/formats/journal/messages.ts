import { tMonoNs } from '../../record/clock.ts';
import type { RunZero } from '../../record/clock.ts';
import type { DataItem } from '../../record/item.ts';
import type { ProducerId } from '../../record/producer.ts';
import { decodeBlock, decodeWire, encodeBlock, encodeWire } from './binary-messages.ts';
import { TOPIC } from './item.ts';
import type { JournalItem } from './item.ts';
import {
  decodeLog,
  decodeRecord,
  decodeStatus,
  encodeLog,
  encodeRecord,
  encodeStatus,
} from './json-messages.ts';
import type { SchemaKey } from './schemas.ts';

/** One journal message, ready for a chunk. */
export interface EncodedMessage {
  readonly topic: string;
  readonly schema: SchemaKey;
  readonly data: Uint8Array;
  readonly tMonoNs: number;
}

export function topicOf(item: DataItem): string {
  switch (item.type) {
    case 'wire':
      return TOPIC.wire(item.port);
    case 'record':
      return TOPIC.record(item.device);
    case 'block':
      return TOPIC.block(item.device);
    case 'status':
      return TOPIC.status(item.device);
    case 'log':
      return TOPIC.log;
  }
}

function payload(item: DataItem, zero: RunZero): Uint8Array {
  switch (item.type) {
    case 'wire':
      return encodeWire(item, zero);
    case 'record':
      return encodeRecord(item, zero);
    case 'block':
      return encodeBlock(item, zero);
    case 'status':
      return encodeStatus(item, zero);
    case 'log':
      return encodeLog(item, zero);
  }
}

export function encodeItem(item: DataItem, context: { readonly zero: RunZero }): EncodedMessage {
  return {
    topic: topicOf(item),
    schema: item.type === 'record' ? `record:${item.family}` : item.type,
    data: payload(item, context.zero),
    tMonoNs: tMonoNs(item.tHostMs, context.zero),
  };
}

/** Units of a family's fields, where the family knows them: `unit.<field>` in the channel's metadata. */
export type FamilyUnits = ReadonlyMap<string, { readonly [field: string]: string }>;

/** Metadata of the MCAP channel that carries `item` of this producer. All of an item's channel shares it. */
export function channelMetadata(
  item: DataItem,
  producer: ProducerId,
  units: FamilyUnits = new Map(),
): Map<string, string> {
  const metadata = new Map<string, string>([['producer', producer]]);
  if (item.type === 'wire') return metadata.set('port', item.port);
  if (item.type === 'log') return metadata;
  metadata.set('device', item.device).set('family', item.family);
  if (item.type === 'status') return metadata;
  for (const [field, unit] of Object.entries(units.get(item.family) ?? {}))
    metadata.set(`unit.${field}`, unit);
  return metadata;
}

/** What `decodeMessage` needs of an MCAP channel. */
export interface MessageChannel {
  readonly topic: string;
  readonly metadata: ReadonlyMap<string, string>;
  readonly messageEncoding: string;
}

function fact(channel: MessageChannel, name: string): string {
  const value = channel.metadata.get(name);
  if (value === undefined) throw new Error(`journal channel ${channel.topic}: no metadata ${name}`);
  return value;
}

/** Reads a message back; null on a topic that is not ours. Throws when our own message is malformed. */
export function decodeMessage(
  channel: MessageChannel,
  message: { readonly sequence: number; readonly data: Uint8Array },
): JournalItem | null {
  const base = () => ({ seq: message.sequence, producer: fact(channel, 'producer') });
  const device = () => ({ device: fact(channel, 'device'), family: fact(channel, 'family') });
  const { topic } = channel;
  if (topic.startsWith(TOPIC.wire('')))
    return { ...base(), port: fact(channel, 'port'), ...decodeWire(message.data) };
  if (topic.startsWith(TOPIC.record(''))) return { ...base(), ...device(), ...decodeRecord(message.data) };
  if (topic.startsWith(TOPIC.block(''))) return { ...base(), ...device(), ...decodeBlock(message.data) };
  if (topic.startsWith(TOPIC.status(''))) return { ...base(), ...device(), ...decodeStatus(message.data) };
  if (topic === TOPIC.log) return { ...base(), ...decodeLog(message.data) };
  return null;
}

export const MESSAGE_ENCODING: { readonly [type in DataItem['type']]: 'json' | 'protobuf' } = {
  wire: 'protobuf',
  block: 'protobuf',
  record: 'json',
  status: 'json',
  log: 'json',
};

import type { McapTypes } from '@mcap/core';
import { messagesOf } from './mcap-records.ts';
import { scanPart } from './part-scan.ts';
import type { PartGap } from './part-scan.ts';
import type { Decompress, PartSource } from './part-source.ts';

/** What is left of a torn part, in file order: enough to write an indexed copy with `PartWriter`. */
export type SalvageItem =
  | { readonly type: 'metadata'; readonly metadata: McapTypes.Metadata }
  | { readonly type: 'attachment'; readonly attachment: McapTypes.Attachment }
  | {
      readonly type: 'message';
      readonly channel: McapTypes.Channel;
      readonly schema: McapTypes.Schema | null;
      readonly message: McapTypes.Message;
    }
  | { readonly type: 'chunk-end' }
  | { readonly type: 'gap'; readonly gap: PartGap }
  /** Bytes up to the end of the last whole record, and messages whose channel record was lost. */
  | {
      readonly type: 'end';
      readonly bytesKept: number;
      readonly complete: boolean;
      readonly orphans: number;
    };

/** Every whole chunk whose CRC holds; the rest as gaps. The source is only read. */
export async function* salvagePart(
  source: PartSource,
  decompress: Decompress,
): AsyncGenerator<SalvageItem, void, void> {
  const schemas = new Map<number, McapTypes.Schema>();
  const channels = new Map<number, McapTypes.Channel>();
  let orphans = 0;
  for await (const found of scanPart(source, { decompress, verify: true })) {
    if (found.type === 'schema') schemas.set(found.schema.id, found.schema);
    else if (found.type === 'channel') channels.set(found.channel.id, found.channel);
    else if (found.type === 'metadata' || found.type === 'attachment' || found.type === 'gap') yield found;
    else if (found.type === 'chunk') {
      for (const message of messagesOf(found.records ?? new Uint8Array(0))) {
        const channel = channels.get(message.channelId);
        if (channel === undefined) orphans++;
        else yield { type: 'message', channel, schema: schemas.get(channel.schemaId) ?? null, message };
      }
      yield { type: 'chunk-end' };
    } else if (found.type === 'end') {
      yield { type: 'end', bytesKept: found.offset, complete: found.complete, orphans };
    }
  }
}

import { salvagePart } from '../formats/journal/salvage.ts';
import { PartWriter, type Compress } from '../formats/journal/part-writer.ts';
import type { Decompress } from '../formats/journal/part-source.ts';
import type { JournalSchema } from '../formats/journal/schemas.ts';
import { windowSource } from './window-source.ts';
import type { SourceSlot } from './bundle-source.ts';
import type { Spool } from './spool.ts';

export interface Salvaged {
  readonly spool: Spool;
  readonly messages: number;
  /** What was lost, in words. */
  readonly losses: readonly string[];
}

/** A torn part's original goes here; its indexed copy takes its name. */
export function evidencePath(path: string): string {
  return `evidence/${path.split('/').at(-1) ?? path}.torn`;
}

const EMPTY_SCHEMA: JournalSchema = { name: '', encoding: 'jsonschema', data: new Uint8Array(0) };

/** Copies every whole chunk of a torn part into an indexed one; the original is only read (`design.md` §3.9). */
export async function salvageInto(
  spool: Spool,
  part: SourceSlot,
  codec: { readonly decompress: Decompress; readonly compress: Compress },
): Promise<Salvaged> {
  const writer = new PartWriter({ compress: codec.compress, library: 'benchseal (salvaged)' });
  const losses: string[] = [];
  for await (const item of salvagePart(windowSource(part.content), codec.decompress)) {
    switch (item.type) {
      case 'metadata':
        writer.addMetadata(item.metadata.name, Object.fromEntries(item.metadata.metadata));
        break;
      case 'attachment': {
        const { name, mediaType, logTime, data } = item.attachment;
        writer.addAttachment({ name, mediaType, logTimeNs: logTime, data });
        break;
      }
      case 'message': {
        const { channel, schema, message } = item;
        const define = () => ({
          topic: channel.topic,
          schemaKey: String(channel.schemaId),
          // The journal writes no other encodings (`formats/journal/schemas.ts`).
          schema: schema === null ? EMPTY_SCHEMA : { ...schema, encoding: encodingOf(schema.encoding) },
          messageEncoding: channel.messageEncoding,
          metadata: channel.metadata,
        });
        const { sequence, logTime: logTimeNs, data } = message;
        writer.addMessage(String(channel.id), define, { sequence, logTimeNs, data });
        break;
      }
      case 'chunk-end':
        writer.closeChunk();
        spool.append(writer.take());
        await spool.relieve();
        break;
      case 'gap':
        losses.push(`bytes ${item.gap.from} to ${item.gap.to}: ${item.gap.reason}`);
        break;
      case 'end':
        if (item.orphans > 0) losses.push(`${item.orphans} messages whose channel was lost`);
        break;
    }
  }
  const messages = writer.messageCount;
  spool.append(writer.finish());
  await spool.relieve();
  return { spool, messages, losses };
}

function encodingOf(encoding: string): JournalSchema['encoding'] {
  return encoding === 'protobuf' ? 'protobuf' : 'jsonschema';
}

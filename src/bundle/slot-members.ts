import { SLOT_CONTENT_OFFSET } from '../storage/slot.ts';
import type { SlotStore } from '../storage/slot-store.ts';
import { blobChunks } from './blob-bytes.ts';
import type { BundleMember } from './types.ts';
import type { MemberSource } from './verify.ts';

/** The members where the table says they lie, read through snapshots: another way than they were written. */
export function slotMembers(
  slots: Pick<SlotStore, 'content'>,
  members: readonly BundleMember[],
): MemberSource {
  const byPath = new Map(members.map((member) => [member.path, member]));
  return {
    paths: () => Promise.resolve([...byPath.keys()]),
    read: (path) => readMember(slots, byPath.get(path), path),
  };
}

async function* readMember(
  slots: Pick<SlotStore, 'content'>,
  member: BundleMember | undefined,
  path: string,
): AsyncGenerator<Uint8Array, void, void> {
  const content = member === undefined ? null : await slots.content(member.slot);
  if (content === null || member === undefined) throw new Error(`${path}: its slot is gone`);
  const from = member.offset - SLOT_CONTENT_OFFSET;
  if (from + member.bytes > content.size)
    throw new Error(`${path}: ends at ${from + member.bytes}, its slot holds ${content.size} bytes`);
  yield* blobChunks(content, from, from + member.bytes);
}

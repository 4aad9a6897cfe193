import { comparePaths, DIGEST_LIST_PATH, formatDigestList } from '../formats/digest-list.ts';
import { MANIFEST_PATH } from '../formats/manifest.ts';
import { zipLayout } from '../formats/zip64.ts';
import { SLOT_CONTENT_OFFSET } from '../storage/slot.ts';
import type { SlotFile } from '../storage/slot-file.ts';
import { blobChunks, READ_BYTES } from './blob-bytes.ts';
import type { SourceSlot } from './bundle-source.ts';
import type { ContentDigest, Digester } from './digest.ts';
import { formatMemberTable, type BundleNote } from './member-table.ts';
import type { Spool } from './spool.ts';
import type { BundleMember, BundleSummary } from './types.ts';

/** A member before its place is fixed. */
type Draft =
  | { readonly kind: 'slot'; readonly path: string; readonly slot: string; readonly digest: ContentDigest }
  | {
      readonly kind: 'small';
      readonly path: string;
      readonly bytes: Uint8Array;
      readonly digest: ContentDigest;
    };

/** The members of a seal in the making: gathers them, digests them, lays them out. */
export class SealMembers {
  readonly #digester: Digester;
  readonly #drafts = new Map<string, Draft>();

  constructor(digester: Digester) {
    this.#digester = digester;
  }

  addText(path: string, text: string): ContentDigest {
    return this.addSmall(path, new TextEncoder().encode(text));
  }

  addSmall(path: string, bytes: Uint8Array): ContentDigest {
    const digest = this.#digester.digestBytes(bytes);
    this.#add({ kind: 'small', path, bytes, digest });
    return digest;
  }

  /** A slot the recorder closed: its bytes are a member as they are. */
  async addSource(source: SourceSlot, path: string, onBytes: (bytes: number) => void): Promise<void> {
    const digest = await this.#digester.digest(blobChunks(source.content), onBytes);
    if (digest.bytes !== source.bytes)
      throw new Error(`${source.path}: ${digest.bytes} of ${source.bytes} bytes were read`);
    this.#add({ kind: 'slot', path, slot: source.slot, digest });
  }

  async addSpool(spool: Spool): Promise<void> {
    if (spool.slot === null) {
      this.addSmall(spool.path, spool.bytes());
      return;
    }
    const digest = await this.#digester.digest(spoolChunks(spool));
    this.#add({ kind: 'slot', path: spool.path, slot: spool.slot.header.slot, digest });
  }

  /** Paths so far, in order. */
  paths(): readonly string[] {
    return [...this.#drafts.keys()].sort(comparePaths);
  }

  /** Adds `manifest.sha256` over all members; returns the root digest. Nothing may be added after it. */
  addDigestList(): string {
    const list = [...this.#drafts.values()].map(({ path, digest }) => ({ path, sha256: digest.sha256 }));
    return this.addText(DIGEST_LIST_PATH, formatDigestList(list)).sha256;
  }

  /** Writes the small members and the table into the bundle slot; returns table and header note. */
  writeBundleSlot(
    slot: SlotFile,
    facts: { readonly runId: string; readonly rootDigest: string; readonly summary: BundleSummary },
  ): { readonly members: readonly BundleMember[]; readonly note: BundleNote; readonly bytes: number } {
    const ordered = [...this.#drafts.values()].sort((a, b) => zipOrder(a.path, b.path));
    const small = ordered.filter((draft) => draft.kind === 'small');
    const layout = zipLayout(small.map(({ path, digest }) => ({ path, ...digest })));
    const offsets = new Map(layout.members.map(({ path, dataOffset }) => [path, dataOffset]));
    for (const [index, placement] of layout.members.entries()) {
      slot.writeAll(placement.header, placement.headerOffset);
      slot.writeAll(small[index]?.bytes ?? new Uint8Array(0), placement.dataOffset);
    }
    slot.writeAll(layout.tail, layout.tailOffset);
    const members = ordered.map((draft): BundleMember => {
      const where = draft.kind === 'slot' ? draft.slot : slot.header.slot;
      const offset = SLOT_CONTENT_OFFSET + (offsets.get(draft.path) ?? 0);
      return { path: draft.path, slot: where, offset, ...draft.digest };
    });
    const bytes = members.reduce((sum, member) => sum + member.bytes, 0);
    const table = new TextEncoder().encode(
      formatMemberTable({ ...facts, members, summary: { ...facts.summary, bytes } }),
    );
    slot.writeAll(table, layout.totalBytes);
    slot.flush();
    const note: BundleNote = {
      table_offset: layout.totalBytes,
      table_bytes: table.length,
      table_sha256: this.#digester.digestBytes(table).sha256,
      root_digest: facts.rootDigest,
    };
    return { members, note, bytes: layout.totalBytes + table.length };
  }

  #add(draft: Draft): void {
    if (this.#drafts.has(draft.path)) throw new Error(`member ${draft.path} is made twice`);
    this.#drafts.set(draft.path, draft);
  }
}

const FIRST = [MANIFEST_PATH, DIGEST_LIST_PATH, 'README.txt'];

/** Manifest first: who streams the zip knows at once what it is. */
function zipOrder(a: string, b: string): number {
  const rank = (path: string) => (FIRST.includes(path) ? FIRST.indexOf(path) : FIRST.length);
  return rank(a) - rank(b) || comparePaths(a, b);
}

async function* spoolChunks(spool: Spool): AsyncGenerator<Uint8Array, void, void> {
  const size = spool.getSize();
  const chunk = new Uint8Array(READ_BYTES);
  for (let at = 0; at < size;) {
    const read = spool.read(chunk.subarray(0, Math.min(READ_BYTES, size - at)), { at });
    if (read === 0) throw new Error(`${spool.path}: ${at} of ${size} bytes were read`);
    yield chunk.subarray(0, read);
    at += read;
  }
}

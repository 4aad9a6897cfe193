import { FileAges } from './file-age.ts';
import type { AgeClock } from './file-age.ts';
import { decodeHeader } from './slot-header.ts';
import { SlotFile, readHeader, writeHeader } from './slot-file.ts';
import { SLOT_CONTENT_OFFSET, SLOT_SPARES } from './slot.ts';
import type { SlotHeader } from './slot.ts';
import type { FileDirectory } from './sync-file.ts';

export interface SlotClaim {
  readonly state: 'open' | 'draft';
  readonly runId: string;
  readonly path: string;
  readonly note?: SlotHeader['note'];
  /** The waiver of `design.md` §3.6: a slot younger than 60 s will do when there is no older one. */
  readonly allowYoung: boolean;
}

/** What is there to write into. */
export interface SlotStock {
  readonly aged: number;
  readonly young: number;
  /** Milliseconds until `wanted` spares are old enough; 0 = now. Infinity when there are too few. */
  armInMs(wanted: number): number;
  /** Content and headers of all slots, bytes, as last seen. */
  readonly bytes: number;
}

const SCAN_PARALLEL = 16;
const PEEK_TRIES_MAX = 20;

/**
 * The pool of slots in one directory. Recorder and bundle worker each hold a store over the same files; a slot
 * belongs to whoever has it open, and what it is is read again under that lock.
 */
export class SlotStore {
  readonly #directory: FileDirectory;
  readonly #clock: AgeClock;
  readonly #ages: FileAges;
  readonly #headers = new Map<string, SlotHeader>();
  readonly #held = new Set<string>();
  #topUp: Promise<void> = Promise.resolve();
  #nameCount = 0;

  private constructor(directory: FileDirectory, clock: AgeClock) {
    this.#directory = directory;
    this.#clock = clock;
    this.#ages = new FileAges(clock);
  }

  /** Reads every header. A file whose header never became valid is made a young spare again. */
  static async open(directory: FileDirectory, clock: AgeClock): Promise<SlotStore> {
    const store = new SlotStore(directory, clock);
    await store.scan();
    return store;
  }

  /** Reads all headers again: other workers change them. */
  async scan(): Promise<readonly SlotHeader[]> {
    const names = (await this.#directory.names()).filter((name) => name.startsWith('slot-')).sort();
    for (const known of [...this.#headers.keys()]) if (!names.includes(known)) this.#forget(known);
    for (let at = 0; at < names.length; at += SCAN_PARALLEL)
      await Promise.all(names.slice(at, at + SCAN_PARALLEL).map((name) => this.#look(name)));
    return this.list();
  }

  /** As last seen, by slot name. */
  list(): readonly SlotHeader[] {
    return [...this.#headers.values()].sort((a, b) => (a.slot < b.slot ? -1 : 1));
  }

  /** Slots of a run, as last seen, by path. */
  members(runId: string): readonly SlotHeader[] {
    return this.list()
      .filter((header) => header.runId === runId)
      .sort((a, b) => ((a.path ?? '') < (b.path ?? '') ? -1 : 1));
  }

  stock(): SlotStock {
    const waits = this.#spares()
      .map((header) => this.#ages.waitMs(header.slot, header.createdUtcMs))
      .sort((a, b) => a - b);
    const aged = waits.filter((wait) => wait === 0).length;
    return {
      aged,
      young: waits.length - aged,
      armInMs: (wanted) => waits[wanted - 1] ?? Infinity,
      bytes: this.list().reduce((sum, header) => sum + SLOT_CONTENT_OFFSET + header.bytes, 0),
    };
  }

  /** Old enough to hold acknowledged bytes. */
  isAged({ slot, createdUtcMs }: Pick<SlotHeader, 'slot' | 'createdUtcMs'>): boolean {
    return this.#ages.waitMs(slot, createdUtcMs) === 0;
  }

  /**
   * Takes a spare: the oldest first. Null when there is none old enough (and young ones are not allowed).
   * The returned file is empty, its header says what it is, and it is durable.
   */
  async claim(claim: SlotClaim): Promise<SlotFile | null> {
    const spares = this.#spares()
      .map((header) => ({ header, waitMs: this.#ages.waitMs(header.slot, header.createdUtcMs) }))
      .filter(({ waitMs }) => waitMs === 0 || claim.allowYoung)
      .sort((a, b) => a.waitMs - b.waitMs || a.header.createdUtcMs - b.header.createdUtcMs);
    for (const { header } of spares) {
      const file = await this.openSlot(header.slot);
      if (file === null) continue;
      if (file.header.state !== 'free') {
        file.close();
        continue;
      }
      const { state, runId, path, note } = claim;
      try {
        file.truncate(0);
        file.update({ state, runId, path, bytes: 0, note: note ?? {} });
      } catch (error) {
        file.close();
        throw error;
      }
      return file;
    }
    return null;
  }

  /** Opens a slot exclusively; null when another worker has it or it is no valid slot. */
  async openSlot(slot: string): Promise<SlotFile | null> {
    const file = await this.#directory.open(slot, { create: false });
    if (file === null) return null;
    const header = readHeader(slot, file);
    if (header === null) {
      file.close();
      return null;
    }
    this.#note(header);
    this.#held.add(slot);
    const tracked = {
      read: file.read.bind(file),
      write: file.write.bind(file),
      truncate: file.truncate.bind(file),
      flush: file.flush.bind(file),
      getSize: file.getSize.bind(file),
      close: () => {
        this.#held.delete(slot);
        file.close();
      },
    };
    return new SlotFile(tracked, header, (changed) => this.#note(changed));
  }

  /** Content of a slot as a blob, without opening it; null when it does not exist. `bytes` is from its header. */
  async content(slot: string): Promise<Blob | null> {
    const { blob, header } = await this.#peek(slot);
    if (blob === null || header === null) return null;
    this.#noteSeen(header);
    const end = header.state === 'open' ? blob.size : SLOT_CONTENT_OFFSET + header.bytes;
    return blob.slice(SLOT_CONTENT_OFFSET, Math.max(end, SLOT_CONTENT_OFFSET));
  }

  /** Gives a slot back: header first, so that a cut in between frees it anyway. False when somebody holds it. */
  async free(slot: string): Promise<boolean> {
    const file = await this.openSlot(slot);
    if (file === null) return false;
    file.update({ state: 'free', runId: null, path: null, bytes: 0, note: {} });
    file.truncate(0);
    file.flush();
    file.close();
    return true;
  }

  /** Makes spares until there are `wanted`; runs one at a time and at all times, also during a run. */
  topUp(wanted: number = SLOT_SPARES): Promise<void> {
    this.#topUp = this.#topUp.catch(() => undefined).then(() => this.#makeSpares(wanted));
    return this.#topUp;
  }

  async #makeSpares(wanted: number): Promise<void> {
    await Promise.all(this.#spares().map((header) => this.#look(header.slot)));
    for (let count = this.#spares().length; count < wanted; count++) await this.createSpare();
  }

  /** One new slot, young. Throws what the disk throws (`QuotaExceededError`, `ShortWrite`); no file is left then. */
  async createSpare(): Promise<void> {
    const createdUtcMs = this.#clock.utcMs();
    const slot = `slot-${createdUtcMs.toString(36)}-${(this.#nameCount++).toString(36)}-${randomSuffix()}`;
    const file = await this.#directory.open(slot, { create: true });
    // Another worker saw the empty file first and makes it a spare (`#look`).
    if (file === null) return;
    try {
      this.#initialise(slot, file, createdUtcMs);
      file.close();
    } catch (error) {
      file.close();
      await this.#directory.remove(slot);
      throw error;
    }
  }

  #initialise(slot: string, file: Parameters<typeof writeHeader>[0], createdUtcMs: number): void {
    const header: SlotHeader = {
      slot,
      generation: 1,
      createdUtcMs,
      state: 'free',
      runId: null,
      path: null,
      bytes: 0,
      note: {},
    };
    file.truncate(SLOT_CONTENT_OFFSET);
    writeHeader(file, header);
    this.#note(header);
  }

  #spares(): SlotHeader[] {
    return this.list().filter((header) => header.state === 'free' && !this.#held.has(header.slot));
  }

  #note(header: SlotHeader): void {
    this.#ages.see(header.slot);
    this.#headers.set(header.slot, header);
  }

  /** Out of a blob, which may be older than what was written here meanwhile. */
  #noteSeen(header: SlotHeader): void {
    if (header.generation >= (this.#headers.get(header.slot)?.generation ?? 0)) this.#note(header);
  }

  #forget(slot: string): void {
    this.#headers.delete(slot);
    this.#ages.forget(slot);
  }

  /** A blob cannot be read any more once its file was written: then it is taken anew. */
  async #peek(slot: string): Promise<{ readonly blob: Blob | null; readonly header: SlotHeader | null }> {
    for (let tries = 1; ; tries++) {
      const blob = await this.#directory.blob(slot);
      if (blob === null) return { blob, header: null };
      try {
        const first = await blob.slice(0, SLOT_CONTENT_OFFSET).arrayBuffer();
        return { blob, header: decodeHeader(slot, new Uint8Array(first)) };
      } catch (error) {
        const changed = error instanceof DOMException && error.name === 'NotReadableError';
        if (!changed || tries >= PEEK_TRIES_MAX) throw error;
      }
    }
  }

  async #look(slot: string): Promise<void> {
    if (this.#held.has(slot)) return;
    const { blob, header } = await this.#peek(slot);
    if (blob === null) return this.#forget(slot);
    if (this.#held.has(slot)) return;
    if (header !== null) return this.#noteSeen(header);
    const file = await this.#directory.open(slot, { create: false });
    if (file === null) return;
    // Cut before its first header was whole, so it never held anything. A full disk refuses it once more.
    try {
      if (readHeader(slot, file) === null && file.getSize() <= SLOT_CONTENT_OFFSET)
        this.#initialise(slot, file, this.#clock.utcMs());
    } catch {
      this.#forget(slot);
    } finally {
      file.close();
    }
  }
}

/** Names of two pages must not meet; they mean nothing else. */
function randomSuffix(): string {
  return crypto.getRandomValues(new Uint32Array(1))[0]?.toString(36) ?? '0';
}

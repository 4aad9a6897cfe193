import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { decodeHeader, encodeHeader } from '../../../src/storage/slot-header.ts';
import { ShortWrite } from '../../../src/storage/slot-file.ts';
import { RESERVE_BYTES, Reserve } from '../../../src/storage/reserve.ts';
import { SlotStore } from '../../../src/storage/slot-store.ts';
import { SLOT_CONTENT_OFFSET } from '../../../src/storage/slot.ts';
import type { SlotHeader } from '../../../src/storage/slot.ts';
import { ManualClock, MemoryDirectory } from './memory-directory.ts';

const CLAIM = { state: 'open', runId: 'run', path: 'mcap/a.mcap', allowYoung: false } as const;

async function fresh(): Promise<{ directory: MemoryDirectory; clock: ManualClock; store: SlotStore }> {
  const directory = new MemoryDirectory();
  const clock = new ManualClock();
  return { directory, clock, store: await SlotStore.open(directory, clock) };
}

const header: SlotHeader = {
  slot: 's',
  generation: 4,
  createdUtcMs: 1,
  state: 'closed',
  runId: 'r',
  path: 'p',
  bytes: 77,
  note: { part: 1 },
};

describe('slot header', () => {
  it('survives any cut of the next header write', () => {
    const file = new Uint8Array(SLOT_CONTENT_OFFSET);
    const put = (one: SlotHeader, bytes = Infinity): void => {
      const record = encodeHeader(one);
      file.set(record.bytes.subarray(0, bytes), record.at);
    };
    put(header);
    expect(decodeHeader('s', file)).toEqual(header);
    const next = { ...header, generation: 5, state: 'free' as const };
    fc.assert(
      fc.property(fc.nat(200), (cut) => {
        put({ ...next, generation: 3, runId: 'older' });
        put(next, cut);
        const found = decodeHeader('s', file);
        expect([header, next]).toContainEqual(found);
      }),
    );
    put(next);
    expect(decodeHeader('s', file)).toEqual(next);
  });

  it('is nothing when neither record holds, and refuses a note that is too long', () => {
    expect(decodeHeader('s', new Uint8Array(SLOT_CONTENT_OFFSET))).toBeNull();
    expect(decodeHeader('s', new Uint8Array(10))).toBeNull();
    expect(() => encodeHeader({ ...header, note: { x: 'y'.repeat(1000) } })).toThrow(RangeError);
  });
});

describe('slot store', () => {
  it('gives no slot younger than 60 s unless that is waived', async () => {
    const { clock, store } = await fresh();
    await store.topUp();
    expect(store.stock()).toMatchObject({ aged: 0, young: 8 });
    expect(store.stock().armInMs(1)).toBe(60_000);
    expect(await store.claim(CLAIM)).toBeNull();
    clock.pass(59_999);
    expect(await store.claim(CLAIM)).toBeNull();
    const young = await store.claim({ ...CLAIM, allowYoung: true });
    expect(young?.header).toMatchObject({ state: 'open', runId: 'run', path: 'mcap/a.mcap' });
    clock.pass(1);
    expect(store.stock()).toMatchObject({ aged: 7, young: 0 });
    expect((await store.claim(CLAIM))?.header.state).toBe('open');
  });

  it('judges by the header date after a restart, and by its own watch when the date is odd', async () => {
    const { directory, clock, store } = await fresh();
    await store.topUp(2);
    const later = new ManualClock();
    later.utc = clock.utc + 61_000;
    expect((await SlotStore.open(directory, later)).stock().aged).toBe(2);
    for (const shift of [-3_600_000, 11 * 365.25 * 86_400_000]) {
      const odd = new ManualClock();
      odd.utc = clock.utc + shift;
      const store2 = await SlotStore.open(directory, odd);
      expect(store2.stock().armInMs(1)).toBe(60_000);
      odd.mono += 60_000;
      expect(store2.stock().aged).toBe(2);
    }
  });

  it('shares slots between two stores without giving one away twice', async () => {
    const { directory, clock, store } = await fresh();
    await store.topUp(3);
    clock.pass(60_000);
    const other = await SlotStore.open(directory, clock);
    const mine = await store.claim(CLAIM);
    const theirs = await other.claim({ ...CLAIM, runId: 'other' });
    expect(mine?.header.slot).not.toBe(theirs?.header.slot);
    mine?.closeAs('closed', 0);
    const third = await other.claim({ ...CLAIM, runId: 'other' });
    expect(third?.header.slot).not.toBe(mine?.header.slot);
    expect(await other.claim(CLAIM)).toBeNull();
    await store.topUp(2);
    expect(store.stock().young).toBe(2);
  });

  it('frees a slot, keeps its age, and never hands out old content', async () => {
    const { directory, clock, store } = await fresh();
    await store.topUp(1);
    clock.pass(60_000);
    const file = await store.claim(CLAIM);
    file?.writeAll(new Uint8Array([1, 2, 3]), 0);
    file?.closeAs('closed', 3, { note: { part: 1 } });
    expect(store.members('run')).toHaveLength(1);
    const { slot } = store.members('run')[0] as SlotHeader;
    expect(new Uint8Array((await (await store.content(slot))?.arrayBuffer()) ?? [])).toEqual(
      new Uint8Array([1, 2, 3]),
    );
    expect(await store.free(slot)).toBe(true);
    expect(store.stock().aged).toBe(1);
    const again = await store.claim(CLAIM);
    expect(again?.getSize()).toBe(0);
    expect(await store.free(slot)).toBe(false);
    expect(directory.files.get(slot)?.bytes.length).toBe(SLOT_CONTENT_OFFSET);
  });

  it('makes a file whose first header was cut a young spare again', async () => {
    const { directory, clock, store } = await fresh();
    await store.topUp(1);
    const [name, file] = [...directory.files][0] as [string, { bytes: Uint8Array<ArrayBuffer> }];
    file.bytes = new Uint8Array(0);
    clock.pass(120_000);
    const again = await SlotStore.open(directory, clock);
    expect(again.list().map((one) => [one.slot, one.state])).toEqual([[name, 'free']]);
    expect(again.stock().aged).toBe(0);
  });

  it('holds a reserve in an aged slot of no run, and gives it back', async () => {
    const { directory, clock, store } = await fresh();
    const reserve = new Reserve(store);
    await store.topUp(4);
    await reserve.ensure();
    expect(reserve.isThere).toBe(false);
    clock.pass(60_000);
    await reserve.ensure();
    await reserve.ensure();
    expect(store.stock().aged).toBe(3);
    const again = await SlotStore.open(directory, clock);
    expect(new Reserve(again).isThere).toBe(true);
    expect(again.list().filter(({ runId }) => runId !== null)).toEqual([]);
    const used = (): number =>
      [...directory.files.values()].reduce((sum, { bytes }) => sum + bytes.length, 0);
    expect(used()).toBe(RESERVE_BYTES + 4 * SLOT_CONTENT_OFFSET);
    expect(await new Reserve(again).release()).toBe(true);
    expect(used()).toBe(4 * SLOT_CONTENT_OFFSET);
    expect(again.stock().aged).toBe(4);
  });

  it('says how much was taken when the disk is full', async () => {
    const { directory, clock, store } = await fresh();
    await store.topUp(1);
    clock.pass(60_000);
    const file = await store.claim(CLAIM);
    directory.faults.bytesMax = SLOT_CONTENT_OFFSET + 10;
    expect(() => file?.writeAll(new Uint8Array(25), 0)).toThrow(ShortWrite);
  });

  it('leaves nothing behind when the disk refuses a spare, and none of its handles', async () => {
    const { directory, clock, store } = await fresh();
    await store.topUp(1);
    clock.pass(60_000);
    directory.faults.bytesMax = SLOT_CONTENT_OFFSET;
    directory.faults.refuses = () => true;
    for (let tries = 0; tries < 3; tries++) await expect(store.topUp(2)).rejects.toThrow(ShortWrite);
    expect(directory.files.size).toBe(1);
    await expect(store.claim(CLAIM)).rejects.toThrow(ShortWrite);
    directory.faults.refuses = () => false;
    expect(await store.claim(CLAIM)).not.toBeNull();
  });

  it('leaves a new file to the worker that saw it first', async () => {
    const { directory, clock, store } = await fresh();
    const other = await SlotStore.open(directory, clock);
    const open = directory.open.bind(directory);
    // The file is there before it is locked: the other one looks in between.
    directory.open = async (name, options) => {
      const file = options.create ? await open(name, options) : null;
      if (file === null) return open(name, options);
      file.close();
      directory.open = open;
      const held = await open(name, { create: false });
      setTimeout(() => held?.close());
      return null;
    };
    await store.topUp(1);
    await new Promise((resolve) => setTimeout(resolve, 5));
    await other.scan();
    await store.scan();
    expect(store.stock().young).toBe(1);
  });

  it('opens on a full disk, whatever an empty file is there', async () => {
    const { directory, clock } = await fresh();
    (await directory.open('slot-cut', { create: true }))?.close();
    directory.faults.refuses = () => true;
    const store = await SlotStore.open(directory, clock);
    expect(store.list()).toEqual([]);
    directory.faults.refuses = () => false;
    await store.scan();
    expect(store.stock().young).toBe(1);
  });
});

/** What is acknowledged is recorded, whatever the disk does (`design.md` §3). */
import { describe, expect, it, onTestFinished } from 'vitest';
import { firstBrokenLink, firstLink } from '../../../src/formats/events/chain.ts';
import type { EventRow } from '../../../src/formats/events/schema.ts';
import { decodeMessage } from '../../../src/formats/journal/messages.ts';
import { bytesSource } from '../../../src/formats/journal/part-source.ts';
import { salvagePart } from '../../../src/formats/journal/salvage.ts';
import type { SalvageItem } from '../../../src/formats/journal/salvage.ts';
import type { DataItem } from '../../../src/record/item.ts';
import type { RecorderFrame } from '../../../src/wire/messages.ts';
import { loadZstd } from '../journal/zstd.ts';
import { RecorderBench, event, plan, sha256, wire } from './bench.ts';

const { decompress } = await loadZstd();

type Message = Extract<SalvageItem, { type: 'message' }>;

async function open(): Promise<RecorderBench> {
  const bench = await RecorderBench.open();
  onTestFinished(() => bench.recorder.stop());
  return bench;
}

async function startRun(bench: RecorderBench, changes: Parameters<typeof plan>[0] = {}): Promise<string> {
  const result = await bench.recorder.openRun(plan(changes));
  if (!result.ok) throw new Error(`${result.code}: ${result.detail}`);
  return result.runId;
}

async function messagesOf(bench: RecorderBench, runId: string): Promise<Message[]> {
  await bench.slots.scan();
  const found: Message[] = [];
  for (const { path, slot } of bench.slots.members(runId)) {
    if (!path?.startsWith('mcap/')) continue;
    const bytes = new Uint8Array((await (await bench.slots.content(slot))?.arrayBuffer()) ?? []);
    for await (const item of salvagePart(bytesSource(bytes), decompress))
      if (item.type === 'message') found.push(item);
  }
  return found;
}

/** Numbers of a producer in the journal of a run. */
async function numbersOf(bench: RecorderBench, runId: string, producer: string): Promise<number[]> {
  return (await messagesOf(bench, runId))
    .filter(({ channel }) => channel.metadata.get('producer') === producer)
    .map(({ message }) => message.sequence);
}

async function logged(bench: RecorderBench, runId: string): Promise<string[]> {
  return (await messagesOf(bench, runId)).flatMap(({ channel, message }) => {
    const item = decodeMessage(channel, message);
    return item?.type === 'log' ? [item.event] : [];
  });
}

const kindsOf = (bench: RecorderBench): string[] =>
  bench.frames.flatMap((frame) => (frame.type === 'recorded' ? frame.events.map(({ kind }) => kind) : []));
const haveFrames = (bench: RecorderBench) =>
  bench.frames.filter((frame): frame is Extract<RecorderFrame, { type: 'have' }> => frame.type === 'have');

describe('what is acknowledged is recorded', () => {
  it('goes on in the old part when the disk refuses the next one, and loses nothing', async () => {
    const bench = await open();
    const id = await startRun(bench, { partBytesMax: 500 });
    bench.events('c/1', [event('run.started')]);
    const held = new Set(bench.directory.held);
    bench.directory.faults.refuses = (name) => !held.has(name);
    bench.data('a/1', [wire(Date.now(), '1')]);
    await bench.until(() => bench.ackOf('a/1', 'data') === 1);
    bench.data('a/1', [wire(Date.now(), '2')]);
    bench.data('a/1', [wire(Date.now(), '3')]);
    await bench.until(() => bench.ackOf('a/1', 'data') === 3);
    expect((await bench.recorder.health()).error).not.toBeNull();
    bench.directory.faults.refuses = () => false;
    await new Promise((resolve) => setTimeout(resolve, 1000));
    bench.data('a/1', [wire(Date.now(), '4')]);
    await bench.until(() => kindsOf(bench).includes('recorder.part_opened'));
    expect((await bench.recorder.health()).error).toBeNull();
    await bench.recorder.closeRun();
    expect(await numbersOf(bench, id, 'a/1')).toEqual([1, 2, 3, 4]);
  });

  it('ends at the close a part that the disk refused to end before', async () => {
    const bench = await open();
    const id = await startRun(bench, { partBytesMax: 500 });
    bench.events('c/1', [event('run.started')]);
    const [first] = [...bench.directory.held];
    let opened = false;
    bench.directory.faults.refuses = (name) => {
      opened ||= name !== first;
      return opened && name === first;
    };
    bench.data('a/1', [wire(Date.now(), '1')]);
    await bench.until(() => kindsOf(bench).includes('recorder.part_opened'));
    expect((await bench.recorder.health()).error).not.toBeNull();
    bench.data('a/1', [wire(Date.now(), '2')]);
    await bench.until(() => bench.ackOf('a/1', 'data') === 2);
    bench.directory.faults.refuses = () => false;
    await bench.recorder.closeRun();
    expect(await numbersOf(bench, id, 'a/1')).toEqual([1, 2]);
    expect(new Set(bench.slots.members(id).map(({ state }) => state))).toEqual(new Set(['closed']));
  });

  it('does not acknowledge past a hole: it asks for what is missing', async () => {
    const bench = await open();
    const id = await startRun(bench);
    bench.data('a/1', [wire(Date.now(), '1')]);
    bench.events('a/1', [event('one')]);
    await bench.until(() => bench.ackOf('a/1', 'data') === 1 && bench.ackOf('a/1', 'events') === 1);
    bench.data('a/1', [wire(Date.now(), '3')], 'run', 3);
    bench.events('a/1', [event('three')], 'run', 3);
    bench.data('b/1', [wire(Date.now(), '2')], 'run', 2);
    await bench.until(() => haveFrames(bench).length > 0);
    await new Promise((resolve) => setTimeout(resolve, 400));
    expect(bench.ackOf('a/1', 'data')).toBe(1);
    expect(bench.ackOf('a/1', 'events')).toBe(1);
    expect(bench.ackOf('b/1', 'data')).toBe(0);
    expect(haveFrames(bench)[0]?.have).toEqual(
      expect.arrayContaining([
        { producer: 'a/1', lane: 'data', upTo: 1 },
        { producer: 'a/1', lane: 'events', upTo: 1 },
      ]),
    );
    bench.data('a/1', [wire(Date.now(), '2'), wire(Date.now(), '3')], 'run', 2);
    bench.events('a/1', [event('two'), event('three')], 'run', 2);
    bench.data('b/1', [wire(Date.now(), '1'), wire(Date.now(), '2')], 'run', 1);
    await bench.until(
      () =>
        bench.ackOf('a/1', 'data') === 3 &&
        bench.ackOf('a/1', 'events') === 3 &&
        bench.ackOf('b/1', 'data') === 2,
    );
    await bench.recorder.closeRun();
    expect(await numbersOf(bench, id, 'a/1')).toEqual([1, 2, 3]);
    expect(await numbersOf(bench, id, 'b/1')).toEqual([1, 2]);
  });

  it('says in its place what it could not write, and records the rest', async () => {
    const bench = await open();
    const id = await startRun(bench);
    bench.data('a/1', [wire(Date.now(), '1'), wire(Number.NaN, 'no time'), wire(Date.now(), '3')]);
    await bench.until(() => bench.ackOf('a/1', 'data') === 3);
    expect((await bench.recorder.health()).error).toBeNull();
    await bench.recorder.closeRun();
    expect(await numbersOf(bench, id, 'a/1')).toEqual([1, 2, 3]);
    expect(await logged(bench, id)).toEqual(['recorder.item_unwritable']);
  });

  it('writes again what a failed flush may have forgotten', async () => {
    const bench = await open();
    const id = await startRun(bench);
    bench.data('a/1', [wire(Date.now(), '1')]);
    await bench.until(() => bench.ackOf('a/1', 'data') === 1);
    bench.directory.faults.flushFailsOnce = true;
    bench.data('a/1', [wire(Date.now(), '2')]);
    await bench.until(() => bench.ackOf('a/1', 'data') === 2);
    await bench.kill({ power: true });
    await bench.start();
    expect((await bench.recorder.openRunState())?.have).toEqual([{ producer: 'a/1', lane: 'data', upTo: 2 }]);
    await bench.recorder.closeRun();
    expect(await numbersOf(bench, id, 'a/1')).toEqual([1, 2]);
  });

  it('says when a part lies in a young file although an old one was listed', async () => {
    const bench = await open();
    const aged = (await bench.slots.scan()).filter(({ state }) => state === 'free');
    await bench.slots.createSpare();
    // Another worker holds every old one.
    for (const { slot } of aged) bench.directory.held.add(slot);
    await startRun(bench, { waiver: 'arm-now' });
    bench.events('c/1', [event('run.started')]);
    await bench.until(() => kindsOf(bench).includes('recorder.arming_waived'));
    for (const { slot } of aged) bench.directory.held.delete(slot);
  });
});

describe('what a new worker says it has', () => {
  it('is right for several producers, blocks, a torn last chunk and a part without chunks', async () => {
    const bench = await open();
    const id = await startRun(bench);
    const block = (): DataItem => ({
      type: 'block',
      tHostMs: Date.now(),
      device: 'd',
      family: 'f',
      field: 'x',
      dtMs: 1,
      values: Float64Array.from({ length: 50 }, () => Math.random()),
    });
    const text = (n: number) => wire(Date.now(), `reply ${n}`);
    const have = async () =>
      Object.fromEntries(
        ((await bench.recorder.openRunState())?.have ?? [])
          .filter(({ lane }) => lane === 'data')
          .map(({ producer, upTo }) => [producer, upTo]),
      );
    bench.data('slow/1', [text(1)]);
    await bench.until(() => bench.ackOf('slow/1', 'data') === 1);
    bench.data('a/1', [text(1), text(2), text(3)]);
    bench.data('b/1', [block(), block()]);
    await bench.until(() => bench.ackOf('a/1', 'data') === 3 && bench.ackOf('b/1', 'data') === 2);
    const [part] = bench.slots.members(id);
    const file = () => bench.directory.files.get(part?.slot ?? '') ?? { bytes: new Uint8Array(0) };
    const whole = file().bytes.length;
    bench.data('a/1', [text(4)]);
    bench.data('b/1', [block()]);
    await bench.until(() => bench.ackOf('a/1', 'data') === 4 && bench.ackOf('b/1', 'data') === 3);
    const { length } = file().bytes;
    await bench.kill({ power: false });
    file().bytes = file().bytes.slice(0, Math.floor((whole + length) / 2));
    await bench.start();
    expect(await have()).toEqual({ 'slow/1': 1, 'a/1': 3, 'b/1': 2 });
    // The new part is opened, and nothing is flushed into it.
    bench.data('a/1', [text(4)], 'run', 4);
    await bench.until(() => bench.directory.held.size > 0);
    await bench.kill({ power: true });
    await bench.start();
    expect(await have()).toEqual({ 'slow/1': 1, 'a/1': 3, 'b/1': 2 });
    bench.data('a/1', [text(4), text(5)], 'run', 4);
    bench.data('b/1', [block()], 'run', 3);
    bench.data('slow/1', [text(2)], 'run', 2);
    await bench.until(() => bench.ackOf('a/1', 'data') === 5 && bench.ackOf('slow/1', 'data') === 2);
    await bench.kill({ power: true });
    await bench.start();
    expect(await have()).toEqual({ 'slow/1': 2, 'a/1': 5, 'b/1': 3 });
    await bench.recorder.closeRun();
    expect(await numbersOf(bench, id, 'a/1')).toEqual([1, 2, 3, 4, 5]);
    expect(await numbersOf(bench, id, 'b/1')).toEqual([1, 2, 3]);
    expect(await numbersOf(bench, id, 'slow/1')).toEqual([1, 2]);
  });
});

describe('what the recorder says itself', () => {
  it('is never before run zero', async () => {
    const bench = await open();
    const aheadMs = 60_000;
    const { zero } = plan();
    const ahead = { hostMs: zero.hostMs + aheadMs, utcMs: zero.utcMs };
    for (const { slot } of (await bench.slots.scan()).filter(({ state }) => state === 'free'))
      await bench.directory.remove(slot);
    await bench.slots.scan();
    await bench.slots.topUp();
    await startRun(bench, { waiver: 'arm-now', zero: ahead });
    bench.events('c/1', [event('run.started', 'info', ahead.hostMs)]);
    await bench.until(() => kindsOf(bench).includes('recorder.arming_waived'));
    const times = bench.frames.flatMap((frame) =>
      frame.type === 'recorded' ? frame.events.map(({ tMonoNs }) => tMonoNs) : [],
    );
    expect(Math.min(...times)).toBe(0);
  });
});

describe('a run that cannot be opened or closed', () => {
  it('is given up when its database cannot be opened, and the bench goes on', async () => {
    const bench = await open();
    const { engine } = bench;
    const real = engine.open.bind(engine);
    engine.open = () => Promise.reject(new Error('no database'));
    expect(await bench.recorder.openRun(plan())).toMatchObject({ ok: false, code: 'storage' });
    engine.open = real;
    expect(await bench.recorder.abandonRun()).toMatchObject({ state: 'closed' });
    await startRun(bench, { runUuid: '01890a5d-ac96-774b-bcce-b302099a8058' });
  });

  it('is recovered when the disk refused the copy of its events', async () => {
    const bench = await open();
    const id = await startRun(bench);
    bench.events('c/1', [event('run.started')]);
    await bench.until(() => bench.ackOf('c/1', 'events') === 1);
    const held = new Set(bench.directory.held);
    bench.directory.faults.refuses = (name) => !held.has(name);
    await expect(bench.recorder.closeRun()).rejects.toThrow();
    bench.frames.length = 0;
    bench.events('c/1', [event('late')]);
    bench.data('a/1', [wire(Date.now(), 'late')]);
    const taken = bench.frames.flatMap((frame) => (frame.type === 'take' ? [frame.count] : []));
    expect(taken).toEqual([1, 1]);
    expect(await bench.recorder.openRunState()).toBeNull();
    bench.directory.faults.refuses = () => false;
    expect(await bench.recorder.abandonRun()).toMatchObject({ runId: id, state: 'closed' });
    await startRun(bench, { runUuid: '01890a5d-ac96-774b-bcce-b302099a8058' });
  });
});

describe('the copy of the events', () => {
  it('is made once, and the original goes also when a kill came in between', async () => {
    const bench = await open();
    const thePlan = plan();
    const result = await bench.recorder.openRun(thePlan);
    const id = result.ok ? result.runId : '';
    bench.events('c/1', [event('run.started')]);
    await bench.until(() => bench.ackOf('c/1', 'events') === 1);
    const { engine } = bench;
    const real = engine.remove.bind(engine);
    engine.remove = () => {
      throw new Error('killed');
    };
    await expect(bench.recorder.closeRun()).rejects.toThrow('killed');
    await expect(bench.recorder.closeRun()).rejects.toThrow('killed');
    await bench.slots.scan();
    expect(bench.slots.members(id).filter(({ path }) => path === 'events.sqlite')).toHaveLength(1);
    const file = `events-${thePlan.runUuid}.sqlite`;
    expect(engine.exists(file)).toBe(true);
    engine.remove = real;
    await bench.kill({ power: false });
    await bench.start();
    expect(engine.exists(file)).toBe(false);
  });
});

describe('the chain', () => {
  it('holds over whatever an instrument or a person wrote', async () => {
    const bench = await open();
    const thePlan = plan();
    await bench.recorder.openRun(thePlan);
    const texts = ['a\0b', 'half \ud83d', '\udc00', 'µ😀', '\0', ''];
    bench.events(
      'c/1',
      texts.map((message) => ({ ...event('operator.note'), message, metadata: { text: message } })),
    );
    await bench.until(() => bench.ackOf('c/1', 'events') === texts.length);
    const db = await bench.engine.open(`events-${thePlan.runUuid}.sqlite`);
    const rows = (await db.all(
      'SELECT e.*, p.hash FROM events e JOIN event_proof p ON p.event_id = e.id ORDER BY e.id',
    )) as unknown as (EventRow & { hash: string })[];
    const first = firstLink(thePlan.members, sha256);
    expect(
      firstBrokenLink(
        first,
        rows.map((row) => ({ row, hash: row.hash })),
        sha256,
      ),
    ).toBeNull();
    await db.close();
  });
});

import { describe, expect, it, vi } from 'vitest';
import { emptySnapshot } from '../../../src/kiosk/empty-snapshot.ts';
import { MirrorStore } from '../../../src/kiosk/mirror-store.ts';
import type { MirrorFrame, MirrorSnapshot } from '../../../src/wire/messages.ts';

const snapshotAt = (hostMs: number): MirrorSnapshot => emptySnapshot(hostMs, true, null);
const frameAt = (hostMs: number): MirrorFrame => ({ ...snapshotAt(hostMs), type: 'frame' });
const turn = () => new Promise((resolve) => setTimeout(resolve, 0));

function screen() {
  const seen: string[] = [];
  return {
    seen,
    onSnapshot: ({ hostMs }: MirrorSnapshot) => seen.push(`snapshot ${hostMs}`),
    onFrame: ({ hostMs }: MirrorFrame) => seen.push(`frame ${hostMs}`),
  };
}

describe('mirror store', () => {
  it('gives a late subscriber one snapshot, then only frames that are newer', async () => {
    let answer: (snapshot: MirrorSnapshot) => void = () => undefined;
    const store = new MirrorStore(() => new Promise((resolve) => (answer = resolve)));
    const { seen, onSnapshot, onFrame } = screen();
    store.subscribe(onSnapshot, onFrame);
    store.frame(frameAt(10));
    store.frame(frameAt(20));
    store.frame(frameAt(30));
    answer(snapshotAt(20));
    await turn();
    store.frame(frameAt(40));
    expect(seen).toEqual(['snapshot 20', 'frame 30', 'frame 40']);
  });

  it('bounds what waits for a snapshot, and counts what it cost', () => {
    const store = new MirrorStore(() => new Promise(() => undefined));
    store.subscribe(vi.fn(), vi.fn());
    for (let at = 0; at < 150; at += 1) store.frame(frameAt(at));
    expect(store.dropped).toBe(50);
  });

  it('brings everyone a new snapshot when a new conductor answers, also after the first call failed', async () => {
    const store = new MirrorStore(() => Promise.reject(new Error('no conductor')));
    const { seen, onSnapshot, onFrame } = screen();
    const leave = store.subscribe(onSnapshot, onFrame);
    await turn();
    store.reset(snapshotAt(5));
    store.reset(snapshotAt(9));
    leave();
    store.reset(snapshotAt(12));
    expect(seen).toEqual(['snapshot 5', 'snapshot 9']);
  });
});

import { describe, expect, it, vi } from 'vitest';
import { holdLock, watchLock } from '../../../src/platform/lock-watch.ts';
import { OwnerElection } from '../../../src/platform/owner-election.ts';
import { LockTable } from './lock-table.ts';

const turn = () => new Promise((resolve) => setTimeout(resolve, 10));

describe('owner election', () => {
  it('makes the first page the owner and the next the observer, who takes over when the owner goes', async () => {
    const locks = new LockTable() as unknown as LockManager;
    const first = new OwnerElection(locks, 'rig');
    const second = new OwnerElection(locks, 'rig');
    const became = vi.fn();
    expect(await first.start(() => undefined)).toBe(true);
    expect(await second.start(became)).toBe(false);
    expect([first.owner, second.owner]).toEqual([true, false]);
    first.release();
    await turn();
    expect(became).toHaveBeenCalledTimes(1);
    expect([first.owner, second.owner]).toEqual([false, true]);
  });

  it('gives a request up after 2 s and asks again, since one queued before the owner froze is never granted', async () => {
    const table = new LockTable();
    const asked = vi.spyOn(table, 'request');
    const locks = table as unknown as LockManager;
    await new OwnerElection(locks, 'rig').start(() => undefined);
    const observer = new OwnerElection(locks, 'rig');
    await observer.start(() => undefined);
    await turn();
    const before = asked.mock.calls.length;
    await new Promise((resolve) => setTimeout(resolve, 2200));
    expect(asked.mock.calls.length).toBe(before + 1);
    observer.release();
  });

  it('never owns after it was released', async () => {
    const locks = new LockTable() as unknown as LockManager;
    const first = new OwnerElection(locks, 'rig');
    await first.start(() => undefined);
    const second = new OwnerElection(locks, 'rig');
    const became = vi.fn();
    await second.start(became);
    second.release();
    first.release();
    await turn();
    expect(became).not.toHaveBeenCalled();
    expect(second.owner).toBe(false);
  });
});

describe('lock watch', () => {
  it('tells once that the holder is gone, and nothing after it was called off', async () => {
    const locks = new LockTable() as unknown as LockManager;
    const letGo = await holdLock(locks, 'conductor');
    const lost = vi.fn();
    const calledOff = vi.fn();
    watchLock(locks, 'conductor', lost);
    watchLock(locks, 'conductor', calledOff)();
    await turn();
    expect(lost).not.toHaveBeenCalled();
    letGo();
    await turn();
    expect(lost).toHaveBeenCalledTimes(1);
    expect(calledOff).not.toHaveBeenCalled();
  });
});

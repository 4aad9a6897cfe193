/**
 * Tells of the death of a thread by the Web Lock it holds: a MessagePort never does (`design.md` §2).
 * Call only after the thread has said hello: a lock that was never held proves nothing.
 */
export function watchLock(locks: LockManager, name: string, onLost: () => void): () => void {
  const stopped = new AbortController();
  locks
    .request(name, { signal: stopped.signal }, () => undefined)
    .then(() => {
      if (!stopped.signal.aborted) onLost();
    })
    // AbortError: the watch was called off.
    .catch(() => undefined);
  return () => stopped.abort();
}

/** Holds a lock for as long as the page lives; resolves with its release once it is held. */
export function holdLock(locks: LockManager, name: string): Promise<() => void> {
  return new Promise((resolve, reject) => {
    locks
      .request(name, () => new Promise<void>((letGo) => resolve(() => letGo())))
      .catch((cause: unknown) => reject(cause instanceof Error ? cause : new Error(String(cause))));
  });
}

import type { MirrorFrame, MirrorSnapshot } from '../wire/messages.ts';

interface Subscriber {
  readonly onSnapshot: (snapshot: MirrorSnapshot) => void;
  readonly onFrame: (frame: MirrorFrame) => void;
  /** Frames that came while this subscriber's snapshot was on its way; null = it has one. */
  waiting: MirrorFrame[] | null;
}

/** Frames kept for a subscriber without a snapshot: 5 s at 20 Hz; older ones are inside the snapshot anyway. */
const WAITING_MAX = 100;

/**
 * What the screens see of the conductor. A subscriber gets one whole snapshot, then every frame that is newer; after
 * a conductor was replaced it gets a new snapshot.
 */
export class MirrorStore {
  readonly #fetch: () => Promise<MirrorSnapshot>;
  readonly #subscribers = new Set<Subscriber>();
  /** Frames dropped because a snapshot took too long. */
  dropped = 0;

  /** `fetch` asks the conductor; it rejects while there is none. */
  constructor(fetch: () => Promise<MirrorSnapshot>) {
    this.#fetch = fetch;
  }

  subscribe(
    onSnapshot: (snapshot: MirrorSnapshot) => void,
    onFrame: (frame: MirrorFrame) => void,
  ): () => void {
    const subscriber: Subscriber = { onSnapshot, onFrame, waiting: [] };
    this.#subscribers.add(subscriber);
    void this.#bring(subscriber);
    return () => this.#subscribers.delete(subscriber);
  }

  frame(frame: MirrorFrame): void {
    for (const subscriber of this.#subscribers) {
      if (subscriber.waiting === null) subscriber.onFrame(frame);
      else if (subscriber.waiting.push(frame) > WAITING_MAX) {
        subscriber.waiting.shift();
        this.dropped += 1;
      }
    }
  }

  /** The same view for everyone, while no conductor answers or when a new one does. */
  reset(snapshot: MirrorSnapshot): void {
    for (const subscriber of this.#subscribers) this.#give(subscriber, snapshot);
  }

  async #bring(subscriber: Subscriber): Promise<void> {
    try {
      const snapshot = await this.#fetch();
      if (this.#subscribers.has(subscriber)) this.#give(subscriber, snapshot);
    } catch {
      // No conductor yet: `reset` brings the snapshot when there is one.
    }
  }

  #give(subscriber: Subscriber, snapshot: MirrorSnapshot): void {
    const newer = (subscriber.waiting ?? []).filter((frame) => frame.hostMs > snapshot.hostMs);
    subscriber.waiting = null;
    subscriber.onSnapshot(snapshot);
    for (const frame of newer) subscriber.onFrame(frame);
  }
}

/** The recorder: bridge, acknowledgements, health, and who decides what becomes of a run it brings (`adoption.ts`). */
import type { Clock } from '../record/clock.ts';
import type { Ack } from '../record/producer.ts';
import type { RecordedFrame, RecorderFrame, RecorderHealth } from '../wire/messages.ts';
import type { Outbox } from '../wire/outbox.ts';
import { UnknownFrame } from '../wire/port.ts';
import { CallError } from '../wire/call.ts';
import { within, wordsOf } from './deadline.ts';
import type { RecorderPeer } from './peers.ts';

const DECIDE_AGAIN_MS = 2000;

export interface RecorderLinkOptions {
  readonly clock: Clock;
  readonly outbox: Outbox;
  /** What the recorder has of each lane, after it was decided what becomes of its run. Throws when it did not answer. */
  decide(peer: RecorderPeer): Promise<readonly Ack[]>;
  acked(acks: readonly Ack[]): void;
  recorded(frame: RecordedFrame): void;
  gone(): void;
  broken(error: unknown): void;
  undecided(detail: string): void;
}

export class RecorderLink {
  readonly #options: RecorderLinkOptions;
  #peer: RecorderPeer | null = null;
  #ready = false;
  #health: RecorderHealth | null = null;
  #waiting: ((peer: RecorderPeer) => void)[] = [];

  constructor(options: RecorderLinkOptions) {
    this.#options = options;
  }

  /** As it said last; null while there is none. */
  get health(): RecorderHealth | null {
    return this.#health;
  }

  /** The recorder one may give orders to, or null. */
  get peer(): RecorderPeer | null {
    return this.#ready ? this.#peer : null;
  }

  /** A recorder says hello: the first, or in place of one that died with its page. */
  connect(peer: RecorderPeer): void {
    if (this.#peer !== null) this.#drop(this.#peer);
    this.#peer = peer;
    peer.data.listen((frame) => this.#onFrame(peer, frame));
    void peer.gone.then(() => {
      if (this.#peer !== peer) return;
      this.#drop(peer);
      this.#options.gone();
    });
    void this.#decide(peer);
  }

  /** Resolves with the recorder once there is one to give orders to; rejects after `ms`. */
  whenReady(ms: number): Promise<RecorderPeer> {
    if (this.#ready && this.#peer !== null) return Promise.resolve(this.#peer);
    const ready = new Promise<RecorderPeer>((resolve) => this.#waiting.push(resolve));
    return within(this.#options.clock, ms, 'recorder', ready);
  }

  /** One order, bounded in time and by the recorder's life. */
  ask<T>(ms: number, what: string, order: (control: RecorderPeer['control']) => Promise<T>): Promise<T> {
    const peer = this.peer;
    if (peer === null) return Promise.reject(new CallError('no_recorder', 'there is no recorder'));
    return within(this.#options.clock, ms, `recorder ${what}`, order(peer.control), peer.gone);
  }

  async #decide(peer: RecorderPeer): Promise<void> {
    const { clock, outbox, decide, undecided } = this.#options;
    while (this.#peer === peer) {
      try {
        const have = await decide(peer);
        if (this.#peer !== peer) return;
        outbox.connect((frame) => peer.data.post(frame), have);
        this.#options.acked(have);
        this.#ready = true;
        for (const resolve of this.#waiting.splice(0)) resolve(peer);
        return;
      } catch (error) {
        if (this.#peer !== peer) return;
        undecided(wordsOf(error));
        await clock.sleep(DECIDE_AGAIN_MS);
      }
    }
  }

  #onFrame(peer: RecorderPeer, frame: RecorderFrame): void {
    if (this.#peer !== peer) return;
    switch (frame.type) {
      case 'recorded':
        return this.#options.recorded(frame);
      case 'recorder-health':
        this.#health = frame.health;
        return;
      case 'ack':
        this.#options.outbox.onFrame(frame);
        return this.#options.acked(frame.acks);
      case 'have':
        this.#options.outbox.onFrame(frame);
        return this.#options.acked(frame.have);
      case 'take':
        // Credits given before the bridge was connected belong to nobody.
        if (this.#ready) this.#options.outbox.onFrame(frame);
        return;
      default:
        this.#options.broken(new UnknownFrame('recorder', frame));
    }
  }

  #drop(peer: RecorderPeer): void {
    this.#peer = null;
    this.#ready = false;
    this.#health = null;
    peer.close();
    this.#options.outbox.disconnect();
  }
}

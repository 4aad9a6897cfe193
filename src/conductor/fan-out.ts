/**
 * Where an envelope goes: run and kiosk scope to the recorder (kept until acknowledged), readings of every scope to the
 * latest values and the plots. Takes from instruments only what the recorder's bridge has room for.
 */
import type { HostMs } from '../record/clock.ts';
import { type Envelope, lastSeq, type RecordItem } from '../record/item.ts';
import type { Ack } from '../record/producer.ts';
import type { BlockFacts, Calibrator } from '../rig/calibrate.ts';
import type { DownstreamFrame } from '../wire/messages.ts';
import type { Outbox } from '../wire/outbox.ts';
import type { Latest } from './latest.ts';
import type { Plots } from './plot-ring.ts';

/** Whoever sent an envelope and wants its acknowledgements. */
export interface Upstream {
  post(frame: DownstreamFrame): void;
}

export interface FanOutOptions {
  readonly outbox: Outbox;
  readonly latest: Latest;
  readonly plots: Plots;
  /** False: there is no run these could belong to (any more). */
  acceptsRun(): boolean;
  /** A reading of the open run, in the order of arrival. */
  onRunReading(item: RecordItem | { readonly device: string; readonly tHostMs: HostMs }): void;
}

export class FanOut {
  readonly #options: FanOutOptions;
  readonly #owners = new Map<string, Upstream>();
  /** Lane → first number that is missing in it, asked for. */
  readonly #holes = new Map<string, number>();
  #calibrator: Calibrator | null = null;
  /** Run envelopes that came after their run was closed: forgotten, never recorded. */
  lateDropped = 0;

  constructor(options: FanOutOptions) {
    this.#options = options;
  }

  setCalibrator(calibrator: Calibrator): void {
    this.#calibrator = calibrator;
  }

  /** A pending promise = the recorder has no room: the sender gets no credit until it resolves. */
  take(from: Upstream, envelope: Envelope): void | Promise<void> {
    if (envelope.scope === 'live') return this.#show(envelope);
    this.#owners.set(envelope.producer, from);
    if (envelope.scope === 'run' && !this.#options.acceptsRun()) return this.#tooLate(from, envelope);
    const { outbox } = this.#options;
    const { producer, lane } = envelope;
    switch (outbox.place(envelope)) {
      case 'acked':
        return from.post({
          type: 'ack',
          acks: [{ producer, lane, upTo: outbox.kept.ackedUpTo(producer, lane) }],
        });
      case 'kept':
        return;
      case 'hole':
        return this.#askAgain(from, envelope);
      case 'new':
        this.#show(envelope);
        return outbox.emit(envelope);
    }
  }

  /** Passes acknowledgements down to those who still keep what is acknowledged. */
  passDown(acks: readonly Ack[]): void {
    for (const [owner, own] of this.#byOwner(acks)) owner.post({ type: 'ack', acks: own });
  }

  /** Lets producers forget what will never be recorded. */
  passForget(upTo: readonly Ack[]): void {
    for (const [owner, own] of this.#byOwner(upTo)) owner.post({ type: 'forget', upTo: own });
  }

  #byOwner(acks: readonly Ack[]): Map<Upstream, Ack[]> {
    const byOwner = new Map<Upstream, Ack[]>();
    for (const ack of acks) {
      const owner = this.#owners.get(ack.producer);
      if (owner === undefined) continue;
      const own = byOwner.get(owner) ?? [];
      own.push(ack);
      byOwner.set(owner, own);
    }
    return byOwner;
  }

  forget(upstream: Upstream): void {
    for (const [producer, owner] of this.#owners) if (owner === upstream) this.#owners.delete(producer);
    this.#holes.clear();
  }

  /** Once for each hole: what is in flight behind it meets the same one, and comes again as well. */
  #askAgain(from: Upstream, { producer, lane }: Envelope): void {
    const { kept } = this.#options.outbox;
    const key = `${producer} ${lane}`;
    const holeAt = kept.keptUpTo(producer, lane) + 1;
    if (this.#holes.get(key) === holeAt) return;
    this.#holes.set(key, holeAt);
    // Only what is recorded: what is merely kept here must stay with its producer as well.
    const upTo = kept.ackedUpTo(producer, lane);
    from.post({ type: 'have', have: [{ producer, lane, upTo }], runId: null });
  }

  #tooLate(from: Upstream, envelope: Envelope): void {
    this.lateDropped += envelope.items.length;
    const { producer, lane } = envelope;
    from.post({ type: 'forget', upTo: [{ producer, lane, upTo: lastSeq(envelope) }] });
  }

  #show(envelope: Envelope): void {
    if (envelope.lane !== 'data') return;
    envelope.items.forEach((item, index) => {
      const seq = envelope.firstSeq + index;
      if (item.type === 'record') this.#showRecord(item, seq);
      else if (item.type === 'block') this.#showBlock(item, seq);
      else return;
      if (envelope.scope === 'run') this.#options.onRunReading(item);
    });
  }

  #showRecord(item: RecordItem, seq: number): void {
    const { family, device, columns, tHostMs } = item;
    for (const sample of this.#calibrator?.samplesOf({ family, device, seq, tMonoNs: 0, columns }) ?? []) {
      const { channel, unit, value, status } = sample;
      this.#options.latest.set({ channel, unit, value, status, tHostMs });
      this.#options.plots.push(channel, tHostMs, value);
    }
  }

  #showBlock(
    item: Omit<BlockFacts, 'seq' | 'tMonoNs' | 'dtNs'> & { readonly tHostMs: HostMs; readonly dtMs: number },
    seq: number,
  ): void {
    const { tHostMs, dtMs } = item;
    const facts: BlockFacts = { ...item, seq, tMonoNs: 0, dtNs: dtMs * 1e6 };
    for (const { channel, unit, status, values } of this.#calibrator?.blocksOf(facts) ?? []) {
      values.forEach((value, index) => this.#options.plots.push(channel, tHostMs + index * dtMs, value));
      const value = values.at(-1);
      if (value === undefined) continue;
      const lastMs = tHostMs + (values.length - 1) * dtMs;
      this.#options.latest.set({ channel, unit, value, status, tHostMs: lastMs });
    }
  }
}

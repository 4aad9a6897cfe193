/** One device on one port: identify, poll, count, say what happened. Its link gives it the wire and its turns. */
import type { Adapter, ExchangeLine, Identity, Poll } from '../instruments/adapter.ts';
import type { Family } from '../instruments/family.ts';
import type { Clock, HostMs } from '../record/clock.ts';
import type { Command, Receipt } from '../record/command.ts';
import type { DataItem, Health } from '../record/item.ts';
import type { Ack } from '../record/producer.ts';
import { KIND } from '../record/taxonomy.ts';
import { portName, type RigDevice } from '../rig/rig.ts';
import type { BridgeCounters, DeviceView, InstrumentControl, LinkPhase } from '../wire/messages.ts';
import { healthOf } from './device-health.ts';
import { DeviceVoice } from './device-voice.ts';
import type { FailedAttempt } from './exchange-line.ts';
import { account, isGood } from './failed-attempts.ts';
import { PollSchedule } from './poll-schedule.ts';
import type { Producer } from './producer.ts';
import { Readings } from './readings.ts';
import { carryOut, refusal } from './receipts.ts';
import { recordItems } from './record-items.ts';
import { isOther } from './same-instrument.ts';
import { Tally } from './tally.ts';
import { WireLog } from './wire-log.ts';

/** `spec/capa.md` §2.3 snapshot period. */
export const STATUS_EVERY_MS = 30_000;
/** A device that does not answer must not take the wire from its neighbours all the time. */
const IDENTIFY_AGAIN_MS = 1000;
/** Silent this long: it may have been reset or exchanged, so it is asked again who it is before it is believed. */
const ASK_AGAIN_MS = 5000;

export type Armed = Parameters<InstrumentControl['arm']>[0];

/** What one device needs of the worker it lives in. */
export interface DeviceSurroundings {
  readonly clock: Clock;
  readonly producer: Producer;
  bridge(): BridgeCounters;
  unackedBytes(): number;
  /** Offset to the conductor's clock and its error bound, ms; null before the first measurement. */
  alignment(): { readonly offsetMs: number; readonly errorMs: number } | null;
  changed(view: DeviceView): void;
}

export class DeviceLink {
  readonly device: RigDevice;
  readonly family: Family;
  readonly wire: WireLog;
  readonly #around: DeviceSurroundings;
  readonly #voice: DeviceVoice;
  readonly #readings: Readings;
  readonly #tally = new Tally();
  #adapter: Adapter | null = null;
  #identity: Identity | null = null;
  #identified = false;
  #identifiedMs: HostMs = 0;
  #misplaced = false;
  /** Serial number that was refused last, so that it is said once. */
  #stranger: string | null = null;
  #schedule: PollSchedule | null = null;
  #nextMs: HostMs = 0;
  #phase: LinkPhase = 'waiting-for-port';
  #detail = '';
  #health: Health = 'down';
  #armed: Armed | null = null;
  #statusAtMs: HostMs = -Infinity;

  constructor(device: RigDevice, family: Family, around: DeviceSurroundings) {
    this.device = device;
    this.family = family;
    this.#around = around;
    this.wire = new WireLog(portName(device.port), device.name);
    this.#voice = new DeviceVoice(device, family.declaration.commands, around.clock, around.producer);
    this.#readings = new Readings(device.name, this.periodMs, around.clock, this.#voice);
  }

  get name(): string {
    return this.device.name;
  }
  /** Another instrument than this run began with answers under this name; the link must let go of the port. */
  get misplaced(): boolean {
    return this.#misplaced;
  }
  /** When this device wants the wire next; Infinity = it has failed for good. */
  get dueMs(): HostMs {
    return this.#phase === 'failed' ? Infinity : (this.#schedule?.dueMs ?? this.#nextMs);
  }
  get periodMs(): number {
    return 1000 / this.device.params.rate_hz;
  }

  /** The port is open; identify comes with the next turn. */
  attach(line: ExchangeLine): void {
    const { clock } = this.#around;
    this.#adapter = this.family.createAdapter({
      device: this.name,
      params: this.device.params,
      line,
      clock,
    });
    this.#identified = false;
    this.#schedule = null;
    this.#nextMs = clock.hostMs();
    this.#enter('identifying', '');
  }

  /** The port is gone. What was under way is in the record. */
  lost(detail: string): void {
    this.#readings.lose(detail);
    this.#identified = false;
    this.#adapter = null;
    this.#schedule = null;
    this.#enter('lost', detail);
    void this.#emit([]);
  }

  /** The port is let go of: another instrument hangs on it. It stays lost until its own comes back. */
  release(): void {
    this.#misplaced = false;
    this.#identified = false;
    this.#adapter = null;
    this.#schedule = null;
    this.#enter('lost', this.#detail);
    void this.#emit([]);
  }

  /** What the link is doing while there is no wire. A lost device stays lost until it can be asked again. */
  waiting(phase: 'waiting-for-port' | 'opening' | 'failed', detail: string): void {
    if (this.#phase === 'lost') this.#enter('lost', detail === '' ? this.#detail : detail);
    else this.#enter(phase, detail);
  }

  /** One turn on the wire. What it says goes out meanwhile; `emitted` is back-pressure. */
  async turn(): Promise<{ readonly emitted: Promise<void> }> {
    const adapter = this.#adapter;
    if (adapter === null) return { emitted: Promise.resolve() };
    let items: readonly DataItem[] = [];
    if (this.#doubtful()) this.#identified = false;
    try {
      if (this.#identified) items = await this.#poll(adapter);
      else await this.#identify(adapter);
    } catch (error) {
      this.#broken(error);
    }
    const skipped = this.#schedule?.advance(this.#around.clock.hostMs()) ?? 0;
    this.#tally.missedTurns(skipped);
    this.#refreshHealth();
    return { emitted: this.#readings.whileEmitting(this.#emit(items)) };
  }

  /** Four times a second: is it late, is a status due? */
  tick(): void {
    if (this.#phase === 'polling') {
      const words = this.#readings.checkLate(this.#tally.failures);
      if (words !== null) this.#enter('late', words);
    } else this.#readings.checkMissing(this.#phase);
    this.#refreshHealth();
    if (this.#around.clock.hostMs() - this.#statusAtMs >= STATUS_EVERY_MS) void this.#emit([this.#status()]);
  }

  /** From here on everything is of the run. Called when no exchange is under way. */
  arm(run: Armed): void {
    if (this.#armed?.runId === run.runId) return;
    this.#armed = run;
    this.#around.producer.arm(run.epochMs, run.zero);
    this.wire.record(true);
    this.wire.job = run.job;
    const reading = this.#phase === 'polling' || this.#phase === 'late';
    this.#readings.runBegins(run.zero, reading ? null : this.#phase);
    void this.#emit([this.#status()]);
  }

  /** The run's last words of this device; nothing of the run follows. Returns how far its lanes came. */
  disarm(): readonly Ack[] {
    if (this.#armed === null) return [];
    this.#readings.runEnds();
    void this.#emit([this.#status()]);
    const upTo = this.#around.producer.disarm();
    this.wire.record(false);
    this.#armed = null;
    return upTo;
  }

  /** Resolves when all that was emitted is accepted. */
  flushed(): Promise<void> {
    return this.#around.producer.flushed();
  }

  /** On the wire, between polls. The receipt is an event as well, accepted or refused. */
  command(command: Command): Promise<Receipt> {
    const { declaration } = this.family;
    return this.#commanded(command, 'manual', (adapter) => carryOut(adapter, declaration, command));
  }

  makeSafe(command: Command): Promise<Receipt> {
    return this.#commanded(command, 'safe_shutdown', async (adapter) => {
      const outcome = await adapter.makeSafe();
      return { commandId: command.id, asked: {}, ...outcome };
    });
  }

  /** Refusals are in the record too. */
  refuse(command: Command, detail: string): Receipt {
    const receipt = refusal(command, detail);
    this.#voice.receipt(command, receipt);
    return receipt;
  }

  async close(): Promise<void> {
    await this.#adapter?.close();
    this.#adapter = null;
  }

  view(): DeviceView {
    const { rate_hz: rateHz } = this.device.params;
    const identity = this.#identity;
    return {
      device: this.name,
      family: this.device.adapter,
      resource: portName(this.device.port),
      phase: this.#phase,
      health: this.#health,
      detail: this.#detail,
      identity: identity && {
        manufacturer: identity.manufacturer,
        model: identity.model,
        serial: identity.serial,
        firmware: identity.firmware,
      },
      rateHz,
      lastSampleHostMs: this.#readings.lastGoodMs,
      polls: this.#tally.polls,
      failures: this.#tally.failures,
      skipped: this.wire.skipped,
      bridge: this.#around.bridge(),
      unackedBytes: this.#around.unackedBytes(),
    };
  }

  #refuse(identity: Identity): void {
    if (this.#stranger !== identity.serial) this.#voice.identified(identity, this.#identity, true);
    this.#stranger = identity.serial;
    this.#enter('lost', `another instrument answers: serial ${identity.serial}`);
  }

  #doubtful(): boolean {
    if (this.#phase !== 'late') return false;
    const knownForMs = this.#around.clock.hostMs() - this.#identifiedMs;
    return Math.min(this.#readings.silentMs, knownForMs) > ASK_AGAIN_MS;
  }

  async #identify(adapter: Adapter): Promise<void> {
    this.wire.job = 'connect';
    const found = await adapter.identify();
    const nowMs = this.#around.clock.hostMs();
    this.wire.job = this.#armed?.job ?? 'connect';
    // Old firmware leaves questions unanswered that newer firmware knows: only the whole identify counts.
    this.wire.takeFailed();
    if (!found.ok) {
      this.#tally.counted(found.code);
      this.#tally.failed(found.code, nowMs);
      this.#nextMs = nowMs + IDENTIFY_AGAIN_MS;
      // Lost in the middle: the link says so.
      if (found.code !== 'lost')
        this.#enter('identifying', `no answer as ${this.device.adapter}: ${found.detail}`);
      return;
    }
    const swapped = isOther(found.identity, this.#identity);
    // In a run another instrument's readings under this name would be a lie no warning can mend.
    this.#misplaced = swapped && this.#armed !== null;
    if (this.#misplaced) return this.#refuse(found.identity);
    this.#voice.identified(found.identity, swapped ? this.#identity : null, false);
    this.#stranger = null;
    this.#identity = found.identity;
    this.#identified = true;
    this.#identifiedMs = nowMs;
    this.#schedule = new PollSchedule(this.device.params.rate_hz, nowMs);
    this.#readings.expect();
    if (!this.#readings.interrupted) this.#enter('polling', '');
    else this.#enter('late', 'identified again, waiting for its first reading');
  }

  async #poll(adapter: Adapter): Promise<readonly DataItem[]> {
    this.#readings.asked();
    const poll = await adapter.poll();
    this.#tally.polled();
    const failed = this.wire.takeFailed();
    if (failed.some(({ code }) => code !== 'nak')) this.#readings.unanswered();
    const records = recordItems(this.device, poll.records);
    const items: DataItem[] = [...records, ...account(failed, this.#tally, this.#voice)];
    for (const event of poll.events) this.#voice.adapterEvent(event);
    if (poll.failure !== null) items.push(...this.#failed(poll.failure, failed));
    if (isGood(poll)) this.#good(records.at(-1)?.tHostMs ?? this.#around.clock.hostMs());
    return items;
  }

  #good(atMs: HostMs): void {
    this.#tally.succeeded();
    const ended = this.#readings.good(atMs, this.#tally.failures);
    this.#enter('polling', '');
    if (ended) void this.#emit([this.#status()]);
  }

  #failed(failure: NonNullable<Poll['failure']>, failed: readonly FailedAttempt[]): DataItem[] {
    const last = failed.findLast(({ code, repeated }) => code === failure.code && !repeated);
    // The wire was fine, the adapter could make nothing of what it carried.
    if (last === undefined) this.#tally.counted(failure.code);
    const news = this.#tally.failed(failure.code, this.#around.clock.hostMs());
    const fields = { ...failure, attempt: last?.attempt ?? 1 };
    return news ? [this.#voice.logItem('WARNING', 'device.poll_failed', fields)] : [];
  }

  /** The adapter broke its own rules: this device stops here, the others go on, and the record says so. */
  #broken(error: unknown): void {
    const detail = error instanceof Error ? `${error.name}: ${error.message}` : String(error);
    this.#identified = false;
    this.#voice.event(KIND.adapterError, 'error', `${this.name}: ${detail}`, {
      device: this.name,
      adapter: this.device.adapter,
      error_type: error instanceof Error ? error.name : typeof error,
    });
    this.#readings.lose(detail);
    this.#enter('failed', detail);
  }

  async #commanded(
    command: Command,
    job: string,
    work: (adapter: Adapter) => Promise<Receipt>,
  ): Promise<Receipt> {
    const adapter = this.#identified ? this.#adapter : null;
    if (adapter === null) return this.refuse(command, `${this.name} is not connected (${this.#phase})`);
    this.wire.job = job;
    try {
      const receipt = await work(adapter);
      this.#voice.receipt(command, receipt);
      return receipt;
    } catch (error) {
      this.#broken(error);
      return this.refuse(command, `${this.name} failed: ${this.#detail}`);
    } finally {
      this.wire.job = this.#armed?.job ?? 'connect';
      // A command that is refused is no fault of the line; its receipt tells.
      const failed = this.wire.takeFailed().filter(({ code }) => code !== 'nak');
      void this.#emit(account(failed, this.#tally, this.#voice));
    }
  }

  /** Everything heard since the last emission, and `items`, as one. */
  #emit(items: readonly DataItem[]): Promise<void> {
    const { items: wire, lostBytes, overruns } = this.wire.take();
    if (lostBytes + overruns > 0) this.#voice.bytesLost(lostBytes, overruns);
    return this.#around.producer.data([...wire, ...items]);
  }

  #status(): DataItem {
    this.#statusAtMs = this.#around.clock.hostMs();
    const alignment = this.#around.alignment();
    return this.#voice.statusItem(this.#health, {
      phase: this.#phase,
      rate_hz: this.device.params.rate_hz,
      polls: this.#tally.polls,
      missed_polls: this.#tally.missed,
      failures: this.#tally.failures,
      skipped_bytes: this.wire.skipped,
      unacked_bytes: this.#around.unackedBytes(),
      clock_offset_ms: alignment?.offsetMs ?? null,
      clock_error_ms: alignment?.errorMs ?? null,
      manufacturer: this.#identity?.manufacturer ?? null,
      model: this.#identity?.model ?? null,
      serial: this.#identity?.serial ?? null,
      firmware: this.#identity?.firmware ?? null,
      ...this.#adapter?.status().fields,
    });
  }

  #enter(phase: LinkPhase, detail: string): void {
    if (phase === this.#phase && detail === this.#detail) return;
    this.#phase = phase;
    this.#detail = detail;
    this.#refreshHealth();
    this.#around.changed(this.view());
  }

  #refreshHealth(): void {
    const health = healthOf({
      phase: this.#phase,
      periodMs: this.periodMs,
      nowMs: this.#around.clock.hostMs(),
      lastGoodMs: this.#readings.lastGoodMs,
      lastFailureMs: this.#tally.lastFailureMs,
      adapter: this.#identified ? (this.#adapter?.status().health ?? 'ok') : 'ok',
    });
    if (health === this.#health) return;
    this.#health = health;
    void this.#emit([this.#status()]);
    this.#around.changed(this.view());
  }
}

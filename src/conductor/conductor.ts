/**
 * The conductor, whole: which part talks to which. It knows no thread: clock, peers and knowledge of the instruments
 * are passed in (`hello.ts`, `workers/conductor.ts`, `tests/sim`).
 */
import type { Clock, HostMs } from '../record/clock.ts';
import type { Json } from '../record/event.ts';
import type { RecordItem } from '../record/item.ts';
import { isRunOpen } from '../record/run-state.ts';
import type { Calibrator } from '../rig/calibrate.ts';
import { portName, type Rig } from '../rig/rig.ts';
import { Outbox } from '../wire/outbox.ts';
import type { ConductorControl, InstrumentHost, RecorderHost } from '../wire/messages.ts';
import { Adoption } from './adoption.ts';
import { wordsOf } from './deadline.ts';
import { Devices } from './devices.ts';
import { EventTail } from './event-tail.ts';
import { FanOut } from './fan-out.ts';
import { type GapCause, Gaps } from './gaps.ts';
import { Heartbeat } from './heartbeat.ts';
import { Instruments } from './instruments.ts';
import { Latest } from './latest.ts';
import { OwnProducer } from './own-producer.ts';
import { pageApi } from './page-api.ts';
import { Pages } from './pages.ts';
import type { InstrumentPeer, PagePeer, RecorderPeer } from './peers.ts';
import { Plots } from './plot-ring.ts';
import { queueHealth } from './queue-health.ts';
import { RunTally, type TallySources } from './run-tally.ts';
import { RecorderLink } from './recorder-link.ts';
import { RigHolder, type RigKnowledge } from './rig-holder.ts';
import { RunBook } from './run-book.ts';
import { RunControl } from './run-control.ts';
import { identitiesOf, makePlan, type MemberTexts } from './run-start.ts';
import { Saturation } from './saturation.ts';
import { SealRequests } from './seal-requests.ts';
import {
  clockStepped,
  commandRefused,
  conductorBroken,
  hostSuspended,
  ownerChanged,
  workerRefused,
} from './statements.ts';
import { Vitals } from './vitals.ts';

/** Credits towards the recorder: the sum of all streams goes through one bridge. */
const RECORDER_CAPACITY = 512;
const IDLE_CLOSE_MS = 30_000;
const SLOW_LOOK_MS = 1000;
/** A page of a newer build gets its answer before the conductor of the old one makes room. */
const MAKE_ROOM_MS = 500;

export interface ConductorHost {
  readonly clock: Clock;
  readonly buildHash: string;
  readonly knowledge: RigKnowledge;
  readonly members: MemberTexts;
  /** `count` random bytes. */
  random(count: number): Uint8Array;
  /** Ends this thread: idle without pages, or room for a newer build. */
  close(): void;
}

export class Conductor {
  readonly #host: ConductorHost;
  readonly #book = new RunBook((from, to) => this.#own.log('INFO', 'conductor.state', { from, to }));
  readonly #outbox: Outbox;
  readonly #latest = new Latest();
  readonly #plots = new Plots();
  readonly #events = new EventTail();
  readonly #devices = new Devices();
  readonly #gaps = new Gaps();
  readonly #tally = new RunTally();
  readonly #saturation = new Saturation();
  readonly #own: OwnProducer;
  readonly #fanOut: FanOut;
  readonly #instruments: Instruments;
  readonly #recorder: RecorderLink;
  readonly #adoption: Adoption;
  readonly #rig: RigHolder;
  readonly #runs: RunControl;
  readonly #seals: SealRequests;
  readonly #pages: Pages;
  readonly #heartbeat: Heartbeat;
  readonly #vitals: Vitals;
  #ownerCame: { readonly atMs: HostMs; readonly wasObserver: boolean } | null = null;
  #lookedMs = 0;
  #broken = false;

  constructor(host: ConductorHost) {
    const { clock } = host;
    const broken = (error: unknown) => this.#invariantBroken(error);
    this.#host = host;
    this.#outbox = new Outbox({ clock, capacity: RECORDER_CAPACITY });
    this.#own = new OwnProducer({ clock, emit: (envelope) => this.#outbox.emit(envelope), failed: broken });
    this.#fanOut = new FanOut({
      outbox: this.#outbox,
      latest: this.#latest,
      plots: this.#plots,
      acceptsRun: () => this.#book.openRunId !== null || !this.#adoption.decided,
      onRunReading: (item) => this.#runReading(item),
    });
    const runOpen = () => isRunOpen(this.#book.state);
    this.#rig = new RigHolder(host.knowledge, runOpen, (rig, calibrator) =>
      this.#rigChanged(rig, calibrator),
    );
    this.#instruments = this.#makeInstruments(broken);
    this.#adoption = this.#makeAdoption();
    this.#recorder = this.#makeRecorder(broken);
    this.#seals = new SealRequests({
      sealed: (runId, rootDigest) => this.#sealed(runId, rootDigest),
      failed: (runId, reason) => this.#sealFailed(runId, reason),
    });
    this.#runs = this.#makeRuns();
    this.#heartbeat = new Heartbeat(clock, {
      beat: (nowMs) => this.#beat(nowMs),
      suspended: (lagMs) => this.#own.event(hostSuspended(lagMs)),
      clockStepped: (stepMs) => this.#own.event(clockStepped(stepMs)),
    });
    this.#vitals = new Vitals({
      lag: this.#heartbeat.lag,
      outbox: this.#outbox,
      recorder: () => this.#recorder.health,
      devices: () => this.#devices.views(),
      evictions: () => this.#plots.evictions,
      mirrorDropped: () => this.#pages.mirrorDropped,
    });
    this.#pages = this.#makePages(broken);
  }

  /** Ticks until the signal fires. */
  run(signal: AbortSignal): Promise<void> {
    return this.#heartbeat.run(signal);
  }

  connectInstrument(peer: InstrumentPeer): void {
    this.#instruments.connect(peer);
  }

  connectRecorder(peer: RecorderPeer): void {
    this.#recorder.connect(peer);
  }

  connectPage(peer: PagePeer): void {
    const known = this.#rig.rig.devices.length > 0;
    const sameBuild = peer.buildHash === this.#host.buildHash;
    if (peer.owner && sameBuild && !known && peer.rig !== null) this.#rig.set(peer.rig);
    this.#pages.connect(peer);
    if (peer.owner && !sameBuild && !isRunOpen(this.#book.state))
      void this.#host.clock.sleep(MAKE_ROOM_MS).then(() => this.#host.close());
  }

  /** What the page with this id may ask. */
  pageApi(pageId: string): ConductorControl {
    return pageApi(pageId, {
      clock: this.#host.clock,
      pages: this.#pages,
      rig: this.#rig,
      runs: this.#runs,
      own: this.#own,
      outbox: this.#outbox,
      instruments: this.#instruments,
      devices: this.#devices,
      seals: this.#seals,
    });
  }

  /** What the worker of a resource may ask. */
  instrumentApi(): InstrumentHost {
    return {
      ping: () => Promise.resolve(this.#host.clock.hostMs()),
      deviceChanged: (view) => Promise.resolve(this.#devices.changed(view)),
      discovered: ({ device, channels }) => {
        for (const { code, message } of this.#rig.discovered(device, channels))
          this.#own.log('WARNING', 'rig.discovered_refused', { code, message });
        return Promise.resolve();
      },
    };
  }

  /** What the recorder may ask. */
  recorderApi(): RecorderHost {
    return { ping: () => Promise.resolve(this.#host.clock.hostMs()) };
  }

  #makeInstruments(broken: (error: unknown) => void): Instruments {
    return new Instruments(this.#rig.rig, {
      clock: this.#host.clock,
      take: (from, envelope) => this.#fanOut.take(from, envelope),
      forget: (from) => this.#fanOut.forget(from),
      broken,
      refused: (resource, what, detail) => this.#own.event(workerRefused(resource, what, detail)),
      gone: (resource) => this.#instrumentGone(resource),
      transition: (resource, from, to) =>
        this.#own.log('INFO', 'worker.transition', { resource_id: resource, from, to }),
      commandRefused: (command, detail) => this.#own.event(commandRefused(command, detail)),
    });
  }

  #makeRecorder(broken: (error: unknown) => void): RecorderLink {
    return new RecorderLink({
      clock: this.#host.clock,
      outbox: this.#outbox,
      decide: (peer) => this.#adoption.decide(peer),
      acked: (acks) => this.#fanOut.passDown(acks),
      recorded: (frame) => this.#events.push(frame),
      gone: () => this.#own.log('WARNING', 'recorder.gone'),
      broken,
      undecided: (detail) => this.#own.log('ERROR', 'recorder.undecided', { detail }),
    });
  }

  #makeAdoption(): Adoption {
    return new Adoption({
      clock: this.#host.clock,
      book: this.#book,
      continued: ({ runId }) => this.#own.log('INFO', 'recorder.continued', { run_id: runId }),
      adopted: (run) => {
        this.#rig.restore(run.plan.members['config.toml'] ?? '');
        this.#tally.adopted(this.#counters(), (this.#host.clock.hostMs() - run.plan.zero.hostMs) / 1000);
        this.#runs.adopt(run);
      },
      closedMeanwhile: () => {
        // All of it was recorded before it was closed; only the acknowledgements died with the recorder.
        this.#fanOut.passDown(this.#outbox.forgetRun());
        this.#book.closed();
      },
      lost: (reason) => this.#runs.fail(reason),
      none: () => {
        this.#forgetRun();
        void this.#instruments.disarmReconnected();
      },
      toSeal: (runIds) => {
        for (const runId of runIds) this.#seals.want(runId);
      },
    });
  }

  #makeRuns(): RunControl {
    const { clock, members, random } = this.#host;
    return new RunControl({
      clock,
      book: this.#book,
      own: this.#own,
      instruments: this.#instruments,
      recorder: this.#recorder,
      outbox: this.#outbox,
      rig: () => this.#rig.rig,
      plan: (request) => {
        this.#tally.started(this.#counters());
        return makePlan(request, {
          rig: this.#rig.rig,
          devices: this.#devices.views(),
          environment: this.#pages.environment,
          clock,
          random: random(10),
          members,
        });
      },
      facts: () => this.#runFacts(),
      over: () => this.#forgetRun(),
      toSeal: (runId) => this.#seals.want(runId),
    });
  }

  #makePages(broken: (error: unknown) => void): Pages {
    const rig = this.#rig;
    return new Pages({
      clock: this.#host.clock,
      buildHash: this.#host.buildHash,
      runOpen: () => isRunOpen(this.#book.state),
      broken,
      owner: (peer, wasObserver) => this.#ownerChanged(peer, wasObserver),
      source: {
        plots: this.#plots,
        events: this.#events,
        get rig() {
          return rig.rig;
        },
        view: () => ({
          hostMs: this.#host.clock.hostMs(),
          run: this.#book.view(),
          devices: this.#devices.views(),
          channels: this.#latest.views(),
          health: this.#vitals.health(),
        }),
      },
    });
  }

  #rigChanged(rig: Rig, calibrator: Calibrator): void {
    this.#latest.keepOnly(rig.channels.map(({ name }) => name));
    this.#plots.keepOnly(rig.channels);
    this.#devices.keepOnly(rig);
    this.#fanOut.setCalibrator(calibrator);
    void this.#instruments.configure(rig);
  }

  #counters(): TallySources {
    return { devices: this.#devices.views(), toRecorder: this.#outbox.counters() };
  }

  #runFacts(): { readonly [key: string]: Json } {
    const counters = this.#counters();
    return {
      queue_health: queueHealth({
        ...counters,
        lag: this.#heartbeat.lag,
        tally: this.#tally,
        recorder: this.#recorder.health,
        nowMs: this.#host.clock.hostMs(),
      }),
      device_identities: identitiesOf(counters.devices).map((identity) => ({ ...identity })),
    };
  }

  /** What is left of a run that is over will not be recorded: nobody needs to keep it. */
  #forgetRun(): void {
    this.#gaps.clear();
    const lost = this.#outbox.forgetRun();
    if (lost.length === 0) return;
    this.#fanOut.passForget(lost);
    const lanes = lost.map(({ producer, lane, upTo }) => `${producer} ${lane} to ${upTo}`);
    this.#own.log('ERROR', 'run.unrecorded', { lanes });
  }

  #runReading(item: Pick<RecordItem, 'device' | 'tHostMs'>): void {
    this.#tally.reading(item.device);
    const zero = this.#book.facts?.zero;
    if (zero === undefined) return;
    const device = this.#rig.rig.devices.find(({ name }) => name === item.device);
    const gap = this.#gaps.reading(item.device, item.tHostMs, {
      zero,
      rateHz: device?.params.rate_hz ?? 0,
      cause: (noticedMs) => this.#causeSince(noticedMs),
    });
    if (gap !== null) this.#own.event(gap);
  }

  #causeSince(noticedMs: HostMs): GapCause {
    if (this.#ownerCame === null || this.#ownerCame.atMs < noticedMs) return 'worker_restarted';
    return this.#ownerCame.wasObserver ? 'owner_changed' : 'page_reload';
  }

  #instrumentGone(resource: string): void {
    this.#devices.workerGone(resource);
    this.#own.log('WARNING', 'worker.gone', { resource_id: resource });
    const devices = this.#rig.rig.devices.filter(({ port }) => portName(port) === resource);
    if (this.#book.openRunId !== null)
      this.#gaps.opened(
        devices.map(({ name }) => name),
        this.#host.clock.hostMs(),
      );
  }

  #ownerChanged(peer: PagePeer | null, wasObserver: boolean): void {
    this.#seals.setOwner(peer?.host ?? null);
    if (peer === null) return;
    this.#ownerCame = { atMs: this.#host.clock.hostMs(), wasObserver };
    if (!wasObserver) return;
    this.#own.event(ownerChanged(peer.pageId));
  }

  #sealed(runId: string, rootDigest: string): void {
    const { state } = this.#book;
    this.#own.log('INFO', 'run.sealed', { run_id: runId, root_digest: rootDigest });
    if (state.phase === 'finalizing' && state.runId === runId)
      this.#book.apply({ type: 'sealed', rootDigest });
  }

  #sealFailed(runId: string, reason: string): void {
    const { state } = this.#book;
    this.#own.log('ERROR', 'run.seal_failed', { run_id: runId, reason });
    if (state.phase === 'finalizing' && state.runId === runId) this.#runs.fail(`seal_failed: ${reason}`);
  }

  #beat(nowMs: HostMs): void {
    this.#pages.tick();
    if (nowMs - this.#lookedMs < SLOW_LOOK_MS) return;
    this.#lookedMs = nowMs;
    this.#vitals.look();
    const bridges = this.#devices
      .views()
      .map(({ device, bridge }) => ({ resource: device, counters: bridge }))
      .concat({ resource: 'recorder', counters: this.#outbox.counters() });
    for (const statement of this.#saturation.look(bridges)) this.#own.event(statement);
    if (this.#pages.aloneMs > IDLE_CLOSE_MS && !isRunOpen(this.#book.state)) this.#host.close();
  }

  /** A bug: the run ends sealed and says so, never silently (`design.md` §7). Told once. */
  #invariantBroken(error: unknown): void {
    if (this.#broken) return;
    this.#broken = true;
    const detail = wordsOf(error);
    this.#runs.stop({ runStatus: 'crashed', exitReason: `conductor_broken: ${detail}` });
    this.#own.event(conductorBroken(detail));
  }
}

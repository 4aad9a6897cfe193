import { Conductor } from '../../../src/conductor/conductor.ts';
import type { Rig, RigDevice } from '../../../src/rig/rig.ts';
import { portName } from '../../../src/rig/rig.ts';
import type {
  ConductorControl,
  DownstreamFrame,
  MirrorDown,
  MirrorFrame,
  MirrorUp,
  PageHost,
  RecorderFrame,
  UpstreamFrame,
} from '../../../src/wire/messages.ts';
import { ModelInstrument } from './instrument.ts';
import { Disk, ModelRecorder } from './recorder.ts';
import { Dice, Thread, VirtualTime } from './virtual-time.ts';
import { channel, remote } from './wires.ts';

const RESTART_MS = 250;
/** Longest time from a death to the end of the adoption that follows it. */
const TAKE_OVER_MS = 1500;

/** One browser: an owner page, its workers, the conductor. Everything in it can die. */
export class ModelBench {
  readonly time = new VirtualTime();
  readonly dice: Dice;
  readonly disk = new Disk();
  readonly rig: Rig;
  readonly faults: string[] = [];
  readonly log: string[] = [];
  conductorThread: Thread;
  conductor: Conductor;
  page: Thread;
  control: ConductorControl | null = null;
  lastFrame: MirrorFrame | null = null;
  recorder: ModelRecorder;
  instruments: ModelInstrument[] = [];
  #pages = 0;
  readonly #conductorDeaths: number[] = [];
  readonly #recorderDeaths: number[] = [];

  constructor(seed: number) {
    this.dice = new Dice(seed);
    this.rig = this.#makeRig();
    this.page = this.#newPage();
    this.conductorThread = new Thread('conductor', this.time);
    this.conductor = this.#makeConductor();
    this.recorder = new ModelRecorder(this.time, this.dice, this.disk);
    this.#introducePage(true);
    void this.#afterHello(false);
  }

  get conductorDeaths(): number {
    return this.#conductorDeaths.length;
  }

  /** Conductor and recorder died before either had taken over from the other: nobody was left who held the run. */
  get crashAllowed(): boolean {
    return this.#conductorDeaths.some((one) =>
      this.#recorderDeaths.some((other) => Math.abs(one - other) < TAKE_OVER_MS),
    );
  }

  say(what: string): void {
    this.log.push(`${(this.time.nowMs - 1_790_000_000_000).toFixed(0)} ms ${what}`);
  }

  /** The page goes with all its workers; a new one comes and starts new ones. */
  reloadPage(): void {
    this.say('page reload');
    this.page.die();
    this.#recorderDeaths.push(this.time.nowMs);
    this.recorder.thread.die();
    for (const { thread } of this.instruments) thread.die();
    const old = this.page;
    this.time.after(this.dice.between(80, 500), () => {
      // Reloaded again before it had loaded.
      if (this.page !== old) return;
      this.page = this.#newPage();
      if (!this.conductorThread.alive) {
        this.#newConductor();
      }
      this.recorder = new ModelRecorder(this.time, this.dice, this.disk);
      this.instruments = [];
      this.#introducePage(true);
      void this.#afterHello(false);
    });
  }

  killConductor(): void {
    if (!this.conductorThread.alive) return;
    this.say('conductor killed');
    this.#conductorDeaths.push(this.time.nowMs);
    this.conductorThread.die();
    const page = this.page;
    // Workers learn it by its lock and stop waiting for credits.
    for (const instrument of this.instruments) {
      const { connections } = instrument;
      this.time.after(this.dice.between(10, 60), () => {
        if (instrument.thread.alive && instrument.connections === connections) instrument.outbox.disconnect();
      });
    }
    this.time.after(this.dice.between(20, 120), () => {
      if (!page.alive || this.page !== page) return;
      this.#newConductor();
      this.#introducePage(true);
      void this.#afterHello(true);
    });
  }

  killRecorder(): void {
    if (!this.recorder.thread.alive) return;
    this.say('recorder killed');
    const { page } = this;
    this.#recorderDeaths.push(this.time.nowMs);
    this.recorder.thread.die();
    this.time.after(RESTART_MS, () => {
      if (!page.alive || this.page !== page) return;
      this.recorder = new ModelRecorder(this.time, this.dice, this.disk);
      this.#introduceRecorder(false);
    });
  }

  killInstrument(): void {
    const victim = this.dice.pick(this.instruments.length > 0 ? this.instruments : [null]);
    if (victim === null || !victim.thread.alive) return;
    this.say(`worker ${victim.resource} killed`);
    const { page } = this;
    victim.thread.die();
    this.time.after(RESTART_MS, () => {
      if (!page.alive || this.page !== page) return;
      const device = this.rig.devices.find(({ port }) => portName(port) === victim.resource);
      if (device === undefined) return;
      const fresh = new ModelInstrument(this.time, this.dice, device, victim.resource);
      this.instruments = this.instruments.map((one) => (one === victim ? fresh : one));
      if (this.conductorThread.alive) this.#introduceInstrument(fresh, false);
    });
  }

  slowRecorder(): void {
    this.say('recorder slow');
    this.recorder.slowUntilMs = this.time.nowMs + this.dice.between(300, 3000);
  }

  blockPage(): void {
    this.say('page blocked');
    this.#blockedUntilMs = this.time.nowMs + this.dice.between(500, 4000);
  }
  #blockedUntilMs = 0;

  async #afterHello(reconnected: boolean): Promise<void> {
    const { page, control } = this;
    await page.clock.sleep(this.dice.between(1, 20));
    if (!page.alive || this.page !== page || this.control !== control) return;
    if (reconnected) {
      // Workers that were not ready yet come by themselves; a hello into a dead conductor was lost.
      if (this.recorder.ready) this.#introduceRecorder(true);
      for (const instrument of this.instruments)
        if (instrument.thread.alive) this.#introduceInstrument(instrument, true);
      return;
    }
    // Workers start at their own pace.
    this.time.after(this.dice.between(5, 300), () => {
      if (page.alive && this.page === page) this.#introduceRecorder(false);
    });
    for (const device of this.rig.devices)
      this.time.after(this.dice.between(5, 300), () => {
        if (page.alive && this.page === page) this.#startInstrument(device);
      });
  }

  #startInstrument(device: RigDevice): void {
    const instrument = new ModelInstrument(this.time, this.dice, device, portName(device.port));
    this.instruments.push(instrument);
    if (this.conductorThread.alive) this.#introduceInstrument(instrument, false);
  }

  #introduceInstrument(instrument: ModelInstrument, reconnected: boolean): void {
    const { conductor, conductorThread, dice } = this;
    const [up, down] = channel<UpstreamFrame, DownstreamFrame>(instrument.thread, conductorThread, dice);
    instrument.connect(up);
    conductor.connectInstrument({
      resource: instrument.resource,
      reconnected,
      control: remote(instrument.control(), conductorThread, instrument.thread, dice),
      data: down,
      gone: instrument.thread.gone(dice),
      close: () => down.close(),
    });
  }

  #introduceRecorder(reconnected: boolean): void {
    const { conductor, conductorThread, recorder, dice } = this;
    recorder.ready = true;
    if (!recorder.thread.alive || !conductorThread.alive) return;
    const [near, far] = channel<UpstreamFrame, RecorderFrame>(conductorThread, recorder.thread, dice);
    recorder.connect(far);
    conductor.connectRecorder({
      reconnected,
      control: remote(recorder.control(), conductorThread, recorder.thread, dice),
      data: near,
      gone: recorder.thread.gone(dice),
      close: () => near.close(),
    });
  }

  #introducePage(owner: boolean): void {
    this.control = this.openTab(this.page, owner);
  }

  /** A tab, also one that only watches, or is of another build. */
  openTab(page: Thread, owner: boolean, buildHash = 'build'): ConductorControl {
    const { conductor, conductorThread, dice } = this;
    const [near, far] = channel<MirrorDown, MirrorUp>(conductorThread, page, dice);
    far.listen((frame) => {
      if (page === this.page) this.lastFrame = frame;
      const wait = Math.max(0, this.#blockedUntilMs - this.time.nowMs);
      this.time.after(wait, () => far.post({ type: 'credit' }));
    });
    far.post({ type: 'credit' });
    far.post({ type: 'credit' });
    const control = remote(conductor.pageApi(page.name), page, conductorThread, dice);
    conductor.connectPage({
      pageId: page.name,
      buildHash,
      owner,
      environment: {},
      rig: this.rig,
      host: remote(this.#pageHost(page), conductorThread, page, dice),
      mirror: near,
      gone: page.gone(dice),
      close: () => near.close(),
    });
    return control;
  }

  #pageHost(page: Thread): PageHost {
    return {
      sealWanted: async (runId) => {
        await page.clock.sleep(this.dice.between(20, 400));
        const run = this.disk.runs.find((one) => one.runId === runId);
        if (run === undefined || run.state === 'open')
          this.faults.push(`seal of ${runId} that is not closed`);
        else run.state = 'sealed';
        const result = { ok: true as const, runId, rootDigest: 'digest', integrity: 'ok' as const };
        void this.control?.sealFinished(result);
      },
    };
  }

  #newPage(): Thread {
    this.#pages += 1;
    return new Thread(`page-${this.#pages}`, this.time);
  }

  #newConductor(): void {
    this.conductorThread = new Thread('conductor', this.time);
    this.conductor = this.#makeConductor();
  }

  #makeConductor(): Conductor {
    const thread = this.conductorThread;
    const conductor = new Conductor({
      clock: thread.clock,
      buildHash: 'build',
      random: (count) => Uint8Array.from({ length: count }, () => this.dice.integer(0, 255)),
      knowledge: {
        check: () => [],
        calibrator: () => ({ samplesOf: () => [], blocksOf: () => [] }),
        parse: (text) => JSON.parse(text) as Rig,
      },
      members: ({ rig }) => ({ 'config.toml': JSON.stringify(rig) }),
      close: () => {
        this.say('conductor closed itself');
        thread.die();
      },
    });
    void conductor.run(new AbortController().signal);
    return conductor;
  }

  #makeRig(): Rig {
    const devices = Array.from({ length: this.dice.integer(1, 3) }, (_unused, index): RigDevice => ({
      name: `device${index}`,
      adapter: 'model',
      port: { transport: 'web-serial', usbVendorId: 1, usbProductId: 1, index },
      params: { rate_hz: this.dice.pick([2, 5, 10, 50]) },
      onFailure: 'warn',
    }));
    return { name: 'sim', devices, channels: [], storage: { partBytesMax: 1e9, partMinutesMax: 60 } };
  }
}

import type { BundleSummary, Progress } from '../../../src/bundle/types.ts';
import type { Problem } from '../../../src/record/problem.ts';
import type { RunState } from '../../../src/record/run-state.ts';
import type { Rig } from '../../../src/rig/rig.ts';
import type { Kiosk } from '../../../src/ui/kiosk.ts';
import type { MirrorFrame, MirrorSnapshot, PlotPoints, StartRequest } from '../../../src/wire/messages.ts';
import { EMPTY_RIG, sceneBundle, sceneDevice, sceneEvent, sceneHealth, sceneRig, wideRig } from './scene.ts';

type Scene =
  | 'welcome'
  | 'loading'
  | 'idle'
  | 'young'
  | 'running'
  | 'late'
  | 'observer'
  | 'sealed'
  | 'young-sealed'
  | 'failed'
  | 'flood';
/** Long enough to look at it on a busy machine. */
const SEAL_MS = 2500;
const FRAME_MS = 50;
const HISTORY_S = 761;

/** An app without instruments behind it: makes frames for the screens to show. Lives in tests only. */
export class FakeKiosk implements Kiosk {
  readonly build = { version: '0.1.0', hash: 'ab'.repeat(32) };
  readonly capabilities = {
    webSerial: true,
    sharedWorker: true,
    crossOriginIsolated: true,
    opfs: true,
    directoryPicker: true,
    savePicker: true,
    persisted: false,
    installed: false,
  };
  readonly asked: string[] = [];
  readonly #scene: Scene;
  readonly #settings = new Map<string, string>();
  #rig: Rig;
  #run: RunState = { phase: 'idle' };
  #zeroMs = 0;
  readonly #openedMs = performance.timeOrigin + performance.now();
  #endedMs: number | null = null;
  #request: StartRequest | null = null;
  #events: MirrorFrame['events'][number][] = [];
  #sent = 0;
  #lastPlotMs = 0;
  #sealListener: (runId: string, progress: Progress | null) => void = () => {};
  #bundles: BundleSummary[];

  constructor(scene: Scene, bundles: 'some' | 'none', wide = false) {
    this.#scene = scene;
    this.#rig = scene === 'welcome' ? EMPTY_RIG : (wide ? wideRig : sceneRig)(!scene.startsWith('young'));
    this.#bundles =
      bundles === 'none'
        ? []
        : [
            sceneBundle(6, {}),
            sceneBundle(5, { run_status: 'aborted', exit_reason: 'operator_stop' }),
            sceneBundle(4, { run_status: 'crashed', exit_reason: 'recovered after hard exit' }),
            sceneBundle(3, { integrity_status: 'mismatch' }),
          ];
    if (['running', 'late', 'observer', 'flood'].includes(scene)) this.#beginRun(HISTORY_S);
    if (scene === 'sealed' || scene === 'young-sealed')
      this.#run = {
        phase: 'sealed',
        runId: '2026-05-06_120000_PMMA-014',
        outcome: { runStatus: 'aborted', exitReason: 'operator_stop' },
        rootDigest: 'c0ffee'.repeat(10) + '0000',
      };
    if (scene === 'failed')
      this.#run = { phase: 'failed', runId: 'x', reason: 'storage: QuotaExceededError' };
    if (scene === 'flood')
      for (let i = 0; i < 6000; i++)
        this.#events.push(sceneEvent(10 + i, 700 + i / 100, 'log.line', `Line ${i}`));
  }

  subscribe(onSnapshot: (s: MirrorSnapshot) => void, onFrame: (f: MirrorFrame) => void): () => void {
    if (this.#scene === 'loading') return () => {};
    onSnapshot(this.#snapshotNow());
    const timer = setInterval(() => onFrame(this.#frame()), FRAME_MS);
    return () => clearInterval(timer);
  }
  snapshot(): Promise<MirrorSnapshot> {
    return Promise.resolve(this.#snapshotNow());
  }
  loadExampleRig(name: 'simulated' | 'watlow-alicat') {
    this.asked.push(`example ${name}`);
    this.#rig = sceneRig(name === 'simulated');
    return Promise.resolve({ ok: true as const, value: undefined });
  }
  loadRig(toml: string) {
    this.asked.push(`rig ${toml.length}`);
    const problem: Problem = {
      severity: 'error',
      code: 'schema.unknown',
      path: 'devices[0].params.rate_hertz',
      message: 'This key is not known here.',
      expected: 'rate_hz, baud, unit_id, timeout_s',
      actual: 'rate_hertz',
    };
    return Promise.resolve({ ok: false as const, error: [problem] });
  }
  rigToml = () => Promise.resolve('name = "simulated"\n');
  connectInstrument = () => Promise.resolve({ ok: false as const, code: 'cancelled' as const, detail: '' });
  removeDevice = () => Promise.resolve();
  start(request: StartRequest) {
    this.asked.push(
      `start ${request.sampleId} ${request.operator.id} ${request.durationS} ${request.armNow}`,
    );
    this.#request = request;
    this.#beginRun(0);
    return Promise.resolve({ ok: true as const, runId: 'r' });
  }
  stop(reason: string): Promise<void> {
    this.asked.push(`stop ${reason}`);
    const outcome = { runStatus: 'aborted' as const, exitReason: reason };
    this.#run = { phase: 'finalizing', runId: 'r', outcome };
    this.#endedMs = this.#now();
    this.#sealListener('r', { phase: 'scalars.parquet', bytesDone: 3e6, bytesTotal: 9e6 });
    setTimeout(() => {
      this.#run = { phase: 'sealed', runId: 'r', outcome, rootDigest: 'c0ffee'.repeat(10) + '0000' };
      this.#sealListener('r', null);
    }, SEAL_MS);
    return Promise.resolve();
  }
  note(text: string): Promise<void> {
    this.asked.push(`note ${text}`);
    this.#events.push(sceneEvent(90, (this.#now() - this.#zeroMs) / 1000, 'operator.note', `“${text}”`));
    return Promise.resolve();
  }
  command(command: Parameters<Kiosk['command']>[0]): ReturnType<Kiosk['command']> {
    this.asked.push(`command ${command.kind}`);
    return Promise.resolve({
      commandId: command.id,
      accepted: true,
      detail: 'ok',
      asked: command.payload,
      sent: command.payload,
    });
  }
  bundles = () => Promise.resolve(this.#bundles);
  rebuildCatalog = () => Promise.resolve(this.#bundles);
  async verify(_: string, progress: (p: Progress) => void) {
    await this.#work('hashing', progress);
    return { integrity: 'ok' as const, rootDigest: 'c0ffee'.repeat(10) + '0000', problems: [] };
  }
  async exportTo(
    runId: string,
    kind: 'directory' | 'file' | 'download',
    progress: (p: Progress) => void,
    signal?: AbortSignal,
  ): ReturnType<Kiosk['exportTo']> {
    await this.#work('copying', progress, signal);
    const base = { target: `USB-STICK/${runId}.zip`, rootDigest: 'c0ffee', receipt: `receipt of ${runId}\n` };
    return kind === 'download'
      ? { ok: true, kind, verified: false, ...base }
      : { ok: true, kind, verified: true, ...base };
  }
  onSealProgress(listener: (runId: string, progress: Progress | null) => void): () => void {
    this.#sealListener = listener;
    return () => {};
  }
  update = () => ({ available: false, blockedBy: null });
  onUpdate = () => () => {};
  applyUpdate = () => Promise.resolve();
  install = () => () => Promise.resolve(true);
  setting = (key: string) => Promise.resolve(this.#settings.get(key) ?? localStorage.getItem(key));
  setSetting(key: string, value: string): Promise<void> {
    this.#settings.set(key, value);
    return Promise.resolve();
  }

  async #work(phase: string, progress: (p: Progress) => void, signal?: AbortSignal): Promise<void> {
    for (let i = 0; i <= 20; i++) {
      signal?.throwIfAborted();
      progress({ phase, bytesDone: i * 2.4e6, bytesTotal: 48e6 });
      await new Promise((resolve) => setTimeout(resolve, 100));
    }
  }
  #now(): number {
    return performance.timeOrigin + performance.now();
  }
  #beginRun(agoS: number): void {
    this.#zeroMs = this.#now() - agoS * 1000;
    this.#endedMs = null;
    this.#run = { phase: 'running', runId: '2026-05-06_120000_PMMA-014', stopWanted: null };
    this.#events.push(sceneEvent(1, 0, 'run.started', 'Run armed: 2 instruments, 4 channels'));
    if (agoS === 0) return;
    this.#events.push(
      sceneEvent(2, 300, 'manual.set_setpoint', 'Setpoint of heater asked 620 °C, sent 600 °C: rig limit'),
      sceneEvent(3, 495, 'operator.note', '“smoke visible at the lid”'),
      sceneEvent(4, 602, 'device.lost', 'purge_mfc: the port is gone'),
      sceneEvent(5, 640, 'device.resumed', 'purge_mfc: back after 38.0 s, 380 polls missed'),
      sceneEvent(6, 759, 'device.late', 'purge_mfc: no good reply for 2 polls'),
    );
  }
  #value(name: string, t: number): number {
    if (name === 'heater.pv') return 24 + Math.max(0, t - 30) * 0.55 + Math.sin(t / 12) * 2;
    if (name === 'heater.setpoint') return t < 40 ? 24 : 24 + (t - 25) * 0.56;
    if (name === 'balance.mass') return 4.8 - 0.9 / (1 + Math.exp(-(t - 560) / 60)) + Math.sin(t * 3) * 0.004;
    return 1 + Math.sin(t / 3) * 0.006;
  }
  #status(name: string): string {
    if (name !== 'balance.mass') return 'ok';
    return this.#scene === 'late' ? 'underrange' : this.#scene === 'idle' ? 'settling' : 'ok';
  }
  #points(fromMs: number, toMs: number): PlotPoints[] {
    return this.#rig.channels.map((channel) => {
      const t: number[] = [];
      for (let at = Math.ceil(fromMs / 200) * 200; at < toMs; at += 200) {
        const s = (at - (this.#zeroMs || this.#openedMs)) / 1000;
        if (channel.name !== 'purge.flow' || !(s > 602 && s < 640)) t.push(at);
      }
      return {
        channel: channel.name,
        t: Float64Array.from(t),
        v: Float64Array.from(t, (at) =>
          this.#value(channel.name, (at - (this.#zeroMs || this.#openedMs)) / 1000),
        ),
      };
    });
  }
  #view() {
    const now = this.#now();
    const lateMs = this.#scene === 'late' ? 1400 : 60;
    return {
      hostMs: now,
      run: {
        state: this.#run,
        zero: this.#zeroMs > 0 ? { hostMs: this.#zeroMs, utcMs: this.#zeroMs } : null,
        sampleId: this.#request?.sampleId ?? (this.#zeroMs > 0 ? 'PMMA-014' : null),
        operatorId: this.#request?.operator.id ?? (this.#zeroMs > 0 ? 'k.meyer' : null),
        durationS: this.#request?.durationS ?? null,
        endedHostMs: this.#endedMs,
      },
      devices: this.#rig.devices.map(({ name }) =>
        name === 'purge_mfc' && this.#scene === 'late'
          ? sceneDevice(name, { phase: 'late', failures: { timeout: 2, crc: 1 }, skipped: { garbage: 12 } })
          : sceneDevice(name, { lastSampleHostMs: now - 80, polls: Math.floor(now / 100) % 100_000 }),
      ),
      channels: this.#rig.channels.map(({ name, unit }) => ({
        channel: name,
        unit,
        value: this.#value(name, (now - (this.#zeroMs || this.#openedMs)) / 1000),
        status: this.#status(name),
        tHostMs: now - (name === 'purge.flow' ? lateMs : 60),
      })),
      health: sceneHealth(
        this.#scene.startsWith('young') ? Math.max(0, 42 - performance.now() / 1000) : 0,
        this.#scene === 'late' ? 3100 : -1,
      ),
      owner: this.#scene !== 'observer',
    };
  }
  #snapshotNow(): MirrorSnapshot {
    this.#sent = this.#events.length;
    this.#lastPlotMs = this.#now();
    const from = this.#scene === 'idle' ? this.#now() - 45_000 : this.#zeroMs || this.#now();
    return {
      ...this.#view(),
      rig: this.#rig,
      refusal: null,
      plot: this.#points(from, this.#lastPlotMs),
      events: [...this.#events],
    };
  }
  #frame(): MirrorFrame {
    const events = this.#events.slice(this.#sent);
    this.#sent = this.#events.length;
    const now = this.#now();
    const plot = this.#points(this.#lastPlotMs, now);
    this.#lastPlotMs = now;
    return { type: 'frame', ...this.#view(), rig: this.#rig, plot, events };
  }
}

export type { Scene };

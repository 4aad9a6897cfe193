import { SvelteMap } from 'svelte/reactivity';
import type { Progress } from '../bundle/types.ts';
import { isRunOpen } from '../record/run-state.ts';
import type { MirrorFrame, MirrorSnapshot } from '../wire/messages.ts';
import type { Rig } from '../rig/rig.ts';
import { EventLog, type EventRow } from './event-log.ts';
import type { Kiosk, UpdateState } from './kiosk.ts';
import type { StorageBudget } from './pills.ts';
import { PlotStore } from './plots/plot-store.ts';

/** Words and numbers change at most this often; plots and the record do not wait for it. */
const COMMIT_MS = 200;
/** Frames come at 20 Hz; longer without one is worth a word. */
export const SILENT_AFTER_MS = 3000;
const BUDGET_BYTES_MAX = 8 * 1024 ** 3;

export type View = Omit<MirrorFrame, 'type' | 'plot' | 'events' | 'rig'>;

/** What the screens see of the app: the last mirror frame, five times a second. Reads only; asks through `kiosk`. */
export class KioskState {
  readonly kiosk: Kiosk;
  readonly plots = new PlotStore();
  view = $state.raw<View | null>(null);
  rig = $state.raw<Rig | null>(null);
  refusal = $state.raw<MirrorSnapshot['refusal']>(null);
  events = $state.raw<readonly EventRow[]>([]);
  eventsDropped = $state(0);
  nowHostMs = $state(0);
  /** Since the last frame, ms of this page's clock. */
  silentMs = $state(0);
  waitedMs = $state(0);
  operatorId = $state('');
  /** A note not yet sent: it survives a change of tab or screen. */
  noteDraft = $state('');
  budget = $state.raw<StorageBudget | null>(null);
  update = $state.raw<UpdateState>({ available: false, blockedBy: null });
  online = $state(true);
  readonly sealing = new SvelteMap<string, Progress>();

  readonly runOpen = $derived(this.view !== null && isRunOpen(this.view.run.state));
  readonly observer = $derived(this.view !== null && !this.view.owner);
  /** Who acts now: the run's operator while one is open, else the one named for the next. */
  readonly actor = $derived(
    (this.runOpen ? (this.view?.run.operatorId ?? this.operatorId) : this.operatorId).trim(),
  );
  readonly simulatedOnly = $derived(
    this.rig !== null &&
      this.rig.devices.length > 0 &&
      this.rig.devices.every(({ port }) => port.transport === 'simulated'),
  );

  #log = new EventLog();
  #pending: View | null = null;
  #receivedAt = 0;
  #openedAt = performance.now();
  #committedAt = 0;

  constructor(kiosk: Kiosk) {
    this.kiosk = kiosk;
  }

  /** Begins to listen; returns what ends it. */
  connect(): () => void {
    const kiosk = this.kiosk;
    this.online = navigator.onLine;
    const onLine = () => (this.online = navigator.onLine);
    addEventListener('online', onLine);
    addEventListener('offline', onLine);
    const ends = [
      kiosk.subscribe(
        (snapshot) => this.#takeSnapshot(snapshot),
        (frame) => this.#takeFrame(frame),
      ),
      kiosk.onUpdate((state) => (this.update = state)),
      kiosk.onSealProgress((runId, progress) => this.#takeSealing(runId, progress)),
    ];
    this.update = kiosk.update();
    const tick = setInterval(() => this.#tick(), COMMIT_MS);
    const budget = setInterval(() => void this.#readBudget(), 30_000);
    void this.#readBudget();
    void kiosk.setting('operatorId').then((id) => {
      if (id !== null && this.operatorId === '') this.operatorId = id;
    });
    return () => {
      clearInterval(tick);
      clearInterval(budget);
      removeEventListener('online', onLine);
      removeEventListener('offline', onLine);
      for (const end of ends) end();
    };
  }

  /** The id in the record, kept for the next time. Another id is another person: the full name goes. */
  async keepOperator(): Promise<void> {
    const id = this.operatorId.trim();
    if ((await this.kiosk.setting('operatorId')) === id) return;
    await this.kiosk.setSetting('operatorName', '');
    await this.kiosk.setSetting('operatorId', id);
  }

  /** ms since run zero; frozen at the end; null without a run. */
  elapsedMs(): number | null {
    const run = this.view?.run;
    if (!run?.zero || run.state.phase === 'idle') return null;
    return (run.endedHostMs ?? this.nowHostMs) - run.zero.hostMs;
  }

  /** Conductor time now, ms, carried on between frames by this page's clock. */
  hostMs(): number {
    const last = this.#pending ?? this.view;
    return last ? last.hostMs + performance.now() - this.#receivedAt : 0;
  }

  #takeSnapshot(snapshot: MirrorSnapshot): void {
    this.#setRig(snapshot.rig);
    this.refusal = snapshot.refusal;
    // What this page has drawn stays: a conductor that began anew has less.
    this.plots.append(snapshot.plot);
    this.#log.replace(snapshot.events);
    this.#keep(snapshot);
    this.#commit();
  }

  #takeFrame(frame: MirrorFrame): void {
    if (frame.rig) this.#setRig(frame.rig);
    this.plots.append(frame.plot);
    this.#log.append(frame.events);
    const turned = this.view?.run.state.phase !== frame.run.state.phase || this.view.owner !== frame.owner;
    this.#keep(frame);
    if (turned || frame.events.length > 0) this.#commit();
  }

  #setRig(rig: Rig): void {
    this.rig = rig;
    this.plots.setChannels(rig.channels);
  }

  #keep(frame: View): void {
    this.#pending = frame;
    this.#receivedAt = performance.now();
  }

  #tick(): void {
    if (performance.now() - this.#committedAt >= COMMIT_MS / 2) this.#commit();
  }

  #commit(): void {
    const now = performance.now();
    this.#committedAt = now;
    if (this.#pending) this.view = this.#pending;
    this.nowHostMs = this.hostMs();
    this.silentMs = this.view ? now - this.#receivedAt : 0;
    this.waitedMs = this.view ? 0 : now - this.#openedAt;
    this.events = this.#log.rows;
    this.eventsDropped = this.#log.dropped;
  }

  #takeSealing(runId: string, progress: Progress | null): void {
    if (progress) this.sealing.set(runId, progress);
    else this.sealing.delete(runId);
  }

  async #readBudget(): Promise<void> {
    const { quota } = await navigator.storage.estimate();
    this.budget = { budgetBytes: Math.min(quota ?? BUDGET_BYTES_MAX, BUDGET_BYTES_MAX) };
  }
}

import type { KioskState } from '../kiosk-state.svelte.ts';
import { detailOf } from '../bundles-state.svelte.ts';
import { waitText } from '../format.ts';
import { words } from '../words/words.ts';

/** What a run needs before it may begin, and why it may not yet. */
export class StartForm {
  sampleId = $state('');
  duration = $state('');
  armNow = $state(false);
  busy = $state(false);
  refusal = $state<string | null>(null);
  readonly #app: KioskState;

  constructor(app: KioskState) {
    this.#app = app;
  }

  /** Seconds until storage is old enough; 0 = now; null = the recorder has not said yet. */
  get armInS(): number | null {
    const recorder = this.#app.view?.health.recorder;
    if (!recorder) return null;
    return Math.max(0, recorder.armInS);
  }

  /** Only real instruments have to wait; the simulated rig is waived by itself. */
  get mustWait(): boolean {
    return (this.armInS ?? 0) > 0 && !this.#app.simulatedOnly;
  }

  /** Seconds, null = until stopped, NaN = not a duration. */
  get durationS(): number | null {
    const text = String(this.duration ?? '').trim();
    if (text === '') return null;
    const seconds = Number(text);
    return seconds > 0 && Number.isFinite(seconds) ? seconds : Number.NaN;
  }

  /** Why Start is disabled; null = it is not. */
  get blockedBy(): string | null {
    const say = words.start;
    const app = this.#app;
    const phase = app.view?.run.state.phase;
    if (app.observer) return say.observer;
    if (phase === 'draining') return say.sealing;
    // Sealing does not hold up the next run (`design.md` §2).
    if (app.runOpen && phase !== 'finalizing') return say.runOpen;
    if ((app.rig?.devices.length ?? 0) === 0) return say.noDevices;
    if (this.armInS === null) return say.storageWait;
    if (this.sampleId.trim() === '') return say.needSample;
    if (app.operatorId.trim() === '') return say.needOperator;
    if (Number.isNaN(this.durationS)) return say.durationBad;
    if (this.mustWait && !this.armNow) return say.waitOrArm(waitText(this.armInS));
    return null;
  }

  async start(): Promise<void> {
    if (this.blockedBy !== null || this.busy) return;
    this.busy = true;
    this.refusal = null;
    try {
      await this.#app.keepOperator();
      const id = this.#app.operatorId.trim();
      const name = (await this.#app.kiosk.setting('operatorName')) ?? '';
      const result = await this.#app.kiosk.start({
        sampleId: this.sampleId.trim(),
        operator: { id, displayName: name || id },
        durationS: this.durationS,
        armNow: this.armNow,
      });
      if (!result.ok) this.refusal = result.detail;
      else this.#startedOne();
    } catch (error) {
      this.refusal = detailOf(error);
    } finally {
      this.busy = false;
    }
  }

  /** The next run is another sample, and waits again; operator and duration mostly stay. */
  #startedOne(): void {
    this.sampleId = '';
    this.armNow = false;
  }
}

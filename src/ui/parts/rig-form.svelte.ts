import type { Problem, Result } from '../../record/problem.ts';
import { bytesText } from '../format.ts';
import type { KioskState } from '../kiosk-state.svelte.ts';
import { words } from '../words/words.ts';

/** A rig file is text written by people; anything larger is some other file. */
const RIG_BYTES_MAX = 1_000_000;

/** Loading, saving and connecting: one at a time, with what came of it in words. */
export class RigForm {
  busy = $state(false);
  said = $state<string | null>(null);
  problems = $state.raw<readonly Problem[]>([]);
  readonly #app: KioskState;
  readonly #onError: (error: unknown) => void;

  constructor(app: KioskState, onError: (error: unknown) => void) {
    this.#app = app;
    this.#onError = onError;
  }

  async example(name: 'simulated' | 'watlow-alicat'): Promise<void> {
    await this.#work(async () => this.#take(name, await this.#app.kiosk.loadExampleRig(name)));
  }

  async load(file: File): Promise<void> {
    await this.#work(async () => {
      if (file.size > RIG_BYTES_MAX) this.problems = [tooBig(file.size)];
      else this.#take(file.name, await this.#app.kiosk.loadRig(await file.text()));
    });
  }

  async save(): Promise<void> {
    await this.#work(async () => {
      const text = await this.#app.kiosk.rigToml();
      const url = URL.createObjectURL(new Blob([text], { type: 'application/toml' }));
      const link = document.createElement('a');
      link.href = url;
      link.download = `${this.#app.rig?.name || 'rig'}.toml`;
      link.click();
      URL.revokeObjectURL(url);
    });
  }

  async connect(): Promise<void> {
    await this.#work(async () => {
      const result = await this.#app.kiosk.connectInstrument();
      if (!result.ok) this.said = result.code === 'cancelled' ? words.setup.connectCancelled : result.detail;
    });
  }

  async remove(device: string): Promise<void> {
    await this.#work(() => this.#app.kiosk.removeDevice(device));
  }

  #take(name: string, result: Result<void, readonly Problem[]>): void {
    this.problems = result.ok ? [] : result.error;
    this.said = result.ok ? words.setup.loaded(name) : null;
  }

  async #work(run: () => Promise<void>): Promise<void> {
    if (this.busy) return;
    this.busy = true;
    this.said = null;
    try {
      await run();
    } catch (error) {
      this.#onError(error);
    } finally {
      this.busy = false;
    }
  }
}

function tooBig(bytes: number): Problem {
  return {
    severity: 'error',
    code: 'file.too_big',
    path: '',
    message: words.setup.tooBig,
    expected: words.setup.tooBigExpected(bytesText(RIG_BYTES_MAX)),
    actual: bytesText(bytes),
  };
}

import type { ArgumentSpec, CommandSpec } from '../../instruments/family.ts';
import type { Receipt } from '../../record/command.ts';
import type { Json } from '../../record/event.ts';
import { detailOf } from '../bundles-state.svelte.ts';
import type { KioskState } from '../kiosk-state.svelte.ts';
import { words } from '../words/words.ts';

/** One command of one device: what is typed, what stands against it, what came back. */
export class ManualForm {
  readonly spec: CommandSpec;
  readonly device: string;
  texts = $state<Record<string, string>>({});
  flags = $state<Record<string, boolean>>({});
  busy = $state(false);
  receipt = $state.raw<Receipt | null>(null);
  failed = $state<string | null>(null);
  readonly #app: KioskState;

  constructor(app: KioskState, device: string, spec: CommandSpec) {
    this.#app = app;
    this.device = device;
    this.spec = spec;
    for (const { name, type, default: first } of spec.arguments) {
      if (type === 'bool') this.flags[name] = first === true;
      else if (first !== undefined) this.texts[name] = String(first);
    }
  }

  /** First thing that is not right, in words; null = it may be sent. Device limits are checked again on its own side. */
  get problem(): string | null {
    const barred = barredBy(this.#app);
    if (barred !== null) return barred;
    for (const argument of this.spec.arguments) {
      const found = argumentProblem(argument, this.texts[argument.name] ?? '');
      if (found) return found;
    }
    return null;
  }

  async send(why: string): Promise<void> {
    if (this.busy || this.problem) return;
    this.busy = true;
    this.receipt = null;
    this.failed = null;
    try {
      this.receipt = await this.#app.kiosk.command({
        id: crypto.randomUUID(),
        device: this.device,
        kind: this.spec.kind,
        payload: this.#payload(),
        issuedBy: this.#app.actor,
        why: why.trim() || 'manual',
      });
    } catch (error) {
      this.failed = detailOf(error);
    } finally {
      this.busy = false;
    }
  }

  #payload(): Record<string, Json> {
    return Object.fromEntries(
      this.spec.arguments.map(({ name, type }) => {
        if (type === 'bool') return [name, this.flags[name] ?? false];
        const text = (this.texts[name] ?? '').trim();
        return [name, type === 'number' ? Number(text) : text];
      }),
    );
  }
}

/** Why nobody here may send any command; null = they may. */
export function barredBy(app: KioskState): string | null {
  if (app.observer) return words.manual.observer;
  return app.actor === '' ? words.manual.needOperator : null;
}

/** What is wrong with the text of one argument; null = nothing. */
export function argumentProblem(argument: ArgumentSpec, text: string): string | null {
  if (argument.type === 'bool') return null;
  if (text.trim() === '') return words.manual.needValue(argument.title);
  if (argument.type === 'string') return null;
  const value = Number(text);
  const { min = -Infinity, max = Infinity } = argument;
  if (!Number.isFinite(value)) return words.manual.needValue(argument.title);
  if (value < min || value > max) return words.manual.range(argument.title, bound(min), bound(max));
  return null;
}

function bound(value: number): string {
  return Number.isFinite(value) ? String(value) : '…';
}

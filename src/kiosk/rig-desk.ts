import type { Problem, Result } from '../record/problem.ts';
import { fail, ok } from '../record/problem.ts';
import type { RigDeclarations } from '../rig/declaration.ts';
import type { Rig } from '../rig/rig.ts';
import { formatRig, parseRig } from '../rig/toml.ts';

export interface RigDeskSpec {
  readonly declarations: RigDeclarations;
  /** The rig the conductor has now, or null while none answers. */
  current(): Rig | null;
  /** The conductor's answer: problems that make it refuse the rig, or none. */
  set(rig: Rig): Promise<readonly Problem[]>;
  readonly memory: { load(): Promise<string | null>; save(toml: string): Promise<void> };
  fetchText(url: string): Promise<string>;
}

/** Rigs in and out: TOML, the examples of the build, the last one used on this origin. */
export class RigDesk {
  readonly #spec: RigDeskSpec;
  #saved: string | null = null;

  constructor(spec: RigDeskSpec) {
    this.#spec = spec;
  }

  async load(toml: string): Promise<Result<void, readonly Problem[]>> {
    const rig = parseRig(toml, this.#spec.declarations);
    if (!rig.ok) return rig;
    const problems = await this.#spec.set(rig.value);
    return problems.some(({ severity }) => severity === 'error') ? fail(problems) : ok(undefined);
  }

  async loadExample(name: string): Promise<Result<void, readonly Problem[]>> {
    return this.load(await this.#spec.fetchText(`/rigs/${name}.toml`));
  }

  toml(): string {
    const rig = this.#spec.current();
    if (rig === null) throw new Error('The conductor does not answer yet: there is no rig to write.');
    return formatRig(rig);
  }

  /** At the owner's start: the last rig, unless the conductor has one already. A rig this build refuses stays aside. */
  async restore(): Promise<void> {
    if ((this.#spec.current()?.devices.length ?? 0) > 0) return;
    const toml = await this.#spec.memory.load();
    if (toml !== null) await this.load(toml);
  }

  /** Remembers the rig the owner page works with. */
  async remember(rig: Rig): Promise<void> {
    const toml = formatRig(rig);
    if (toml === this.#saved) return;
    this.#saved = toml;
    await this.#spec.memory.save(toml);
  }
}

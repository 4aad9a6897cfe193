/** The rig: set by the owner, grown by what is discovered, frozen while a run is open. */
import type { Problem } from '../record/problem.ts';
import type { Calibrator } from '../rig/calibrate.ts';
import type { Rig } from '../rig/rig.ts';

export const EMPTY_RIG: Rig = {
  name: 'bench',
  devices: [],
  channels: [],
  storage: { partBytesMax: 500_000_000, partMinutesMax: 60 },
};

/** What the wiring knows and this folder need not: families and their checks. */
export interface RigKnowledge {
  check(rig: Rig): readonly Problem[];
  calibrator(rig: Rig): Calibrator;
  /** The rig a run was started with, out of its `config.toml`; null when this build cannot read it. */
  parse(toml: string): Rig | null;
}

export class RigHolder {
  readonly #knowledge: RigKnowledge;
  readonly #frozen: () => boolean;
  readonly #changed: (rig: Rig, calibrator: Calibrator) => void;
  #rig = EMPTY_RIG;

  constructor(
    knowledge: RigKnowledge,
    frozen: () => boolean,
    changed: (rig: Rig, calibrator: Calibrator) => void,
  ) {
    this.#knowledge = knowledge;
    this.#frozen = frozen;
    this.#changed = changed;
  }

  get rig(): Rig {
    return this.#rig;
  }

  /** Problems with severity `error` = refused, nothing changed. */
  set(rig: Rig): readonly Problem[] {
    // A page that reloads brings the rig it had: no change, also during a run.
    if (JSON.stringify(rig) === JSON.stringify(this.#rig)) return [];
    if (this.#frozen()) return [runOpen()];
    const problems = this.#knowledge.check(rig);
    if (problems.every(({ severity }) => severity !== 'error')) this.#become(rig);
    return problems;
  }

  /** The rig of a run that is adopted. */
  restore(toml: string): void {
    const rig = this.#knowledge.parse(toml);
    if (rig !== null) this.#become(rig);
  }

  /** A port answered: its device and channels join, under names nobody has yet. */
  discovered(device: Rig['devices'][number], channels: Rig['channels']): readonly Problem[] {
    const same = JSON.stringify(device.port);
    const known = this.#rig.devices.some(
      ({ adapter, port }) => adapter === device.adapter && JSON.stringify(port) === same,
    );
    if (known) return [];
    const name = freeName(
      device.name,
      this.#rig.devices.map((other) => other.name),
    );
    const taken = this.#rig.channels.map((channel) => channel.name);
    const joined = channels.map((channel) => {
      const free = freeName(channel.name, taken);
      taken.push(free);
      return { ...channel, name: free, source: { ...channel.source, device: name } };
    });
    return this.set({
      ...this.#rig,
      devices: [...this.#rig.devices, { ...device, name }],
      channels: [...this.#rig.channels, ...joined],
    });
  }

  remove(name: string): readonly Problem[] {
    return this.set({
      ...this.#rig,
      devices: this.#rig.devices.filter((device) => device.name !== name),
      channels: this.#rig.channels.filter(({ source }) => source.device !== name),
    });
  }

  #become(rig: Rig): void {
    this.#rig = rig;
    this.#changed(rig, this.#knowledge.calibrator(rig));
  }
}

/** `mfc`, then `mfc_2`, `mfc_3`, … */
function freeName(wanted: string, taken: readonly string[]): string {
  const lower = new Set(taken.map((name) => name.toLowerCase()));
  if (!lower.has(wanted.toLowerCase())) return wanted;
  for (let number = 2; ; number += 1) {
    const name = `${wanted}_${number}`;
    if (!lower.has(name.toLowerCase())) return name;
  }
}

function runOpen(): Problem {
  return {
    severity: 'error',
    code: 'rig.run_open',
    path: '',
    message: 'the rig cannot change while a run is open',
    expected: 'no open run',
    actual: 'a run is open',
  };
}

import type { BundleMember, BundleSummary, Progress, VerifyReport } from '../bundle/types.ts';
import type { InstallOffer } from '../platform/install.ts';
import { choosePort } from '../platform/serial-chooser.ts';
import type { UpdateOffer } from '../platform/update.ts';
import type { SettingKey, Workspace } from '../platform/workspace.ts';
import type { Command, Receipt } from '../record/command.ts';
import type { Problem, Result } from '../record/problem.ts';
import { portName } from '../rig/rig.ts';
import type { Capabilities, ConnectResult, ExportResult, Kiosk, UpdateState } from '../ui/kiosk.ts';
import type { MirrorFrame, MirrorSnapshot, StartRequest, StartResult } from '../wire/messages.ts';
import type { Bench } from './bench.ts';
import type { BundleDesk } from './bundle-desk.ts';
import type { Catalog } from './catalog.ts';
import type { RigDesk } from './rig-desk.ts';

export type ExportBundle = (
  runId: string,
  kind: 'directory' | 'file' | 'download',
  members: Promise<readonly BundleMember[]>,
  progress: (p: Progress) => void,
  signal?: AbortSignal,
) => Promise<ExportResult>;

export interface PageKioskParts {
  readonly build: Kiosk['build'];
  readonly capabilities: Capabilities;
  readonly bench: Bench;
  readonly rigs: RigDesk;
  readonly bundles: BundleDesk;
  readonly catalog: Catalog;
  readonly workspace: Workspace<BundleSummary>;
  readonly updates: UpdateOffer;
  readonly installs: InstallOffer;
  readonly serial: Serial | undefined;
  readonly exportBundle: ExportBundle;
}

/** Arming waits for every instrument to be quiet and for the first part to be on disk. */
const START_TIMEOUT_MS = 60_000;
/** A stop drains every bridge first; the conductor bounds the wait itself. */
const STOP_TIMEOUT_MS = 120_000;

const words = (cause: unknown): string => (cause instanceof Error ? cause.message : String(cause));
const codeOf = (cause: unknown): string =>
  cause instanceof Error && 'code' in cause && typeof cause.code === 'string' ? cause.code : 'failed';

/** What the screens may ask of the app, answered by its parts. */
export class PageKiosk implements Kiosk {
  readonly #parts: PageKioskParts;

  constructor(parts: PageKioskParts) {
    this.#parts = parts;
  }

  get build(): Kiosk['build'] {
    return this.#parts.build;
  }

  get capabilities(): Capabilities {
    return this.#parts.capabilities;
  }

  subscribe(
    onSnapshot: (snapshot: MirrorSnapshot) => void,
    onFrame: (frame: MirrorFrame) => void,
  ): () => void {
    return this.#parts.bench.mirror.subscribe(onSnapshot, onFrame);
  }

  async snapshot(): Promise<MirrorSnapshot> {
    await this.#parts.bench.connected;
    return this.#parts.bench.control.snapshot();
  }

  async loadExampleRig(name: 'simulated' | 'watlow-alicat'): Promise<Result<void, readonly Problem[]>> {
    return this.#parts.rigs.loadExample(name);
  }

  async loadRig(toml: string): Promise<Result<void, readonly Problem[]>> {
    return this.#parts.rigs.load(toml);
  }

  async rigToml(): Promise<string> {
    await this.#parts.bench.connected;
    return this.#parts.rigs.toml();
  }

  async connectInstrument(): Promise<ConnectResult> {
    const { bench, serial } = this.#parts;
    if (!bench.owner)
      return { ok: false, code: 'observer', detail: 'Another tab owns the rig; connect instruments there.' };
    const chosen = await choosePort(serial);
    if (!chosen.ok) return { ok: false, ...chosen.error };
    bench.addChosen(chosen.value);
    try {
      await bench.control.addPort(chosen.value);
      return { ok: true };
    } catch (cause) {
      return { ok: false, code: 'failed', detail: words(cause) };
    }
  }

  async removeDevice(name: string): Promise<void> {
    const { bench } = this.#parts;
    const device = bench.rig?.devices.find((other) => other.name === name);
    await bench.control.removeDevice(name);
    if (device !== undefined) bench.forgetChosen(portName(device.port));
  }

  async start(request: StartRequest): Promise<StartResult> {
    const { bench, workspace } = this.#parts;
    try {
      const { id, displayName } = request.operator;
      await workspace.setSetting('operatorId', id);
      await workspace.setSetting('operatorName', displayName);
      return await bench.control.with({ timeoutMs: START_TIMEOUT_MS }).start(request);
    } catch (cause) {
      return { ok: false, code: codeOf(cause), detail: words(cause) };
    }
  }

  async stop(reason: string): Promise<void> {
    await this.#parts.bench.control.with({ timeoutMs: STOP_TIMEOUT_MS }).stop(reason);
  }

  async note(text: string): Promise<void> {
    const operatorId = (await this.#parts.workspace.setting('operatorId')) ?? '';
    await this.#parts.bench.control.note(text, operatorId);
  }

  async command(command: Command): Promise<Receipt> {
    return this.#parts.bench.control.command(command);
  }

  async bundles(): Promise<readonly BundleSummary[]> {
    return this.#parts.catalog.bundles();
  }

  async rebuildCatalog(): Promise<readonly BundleSummary[]> {
    return this.#parts.catalog.rebuild();
  }

  async verify(runId: string, progress: (p: Progress) => void, signal?: AbortSignal): Promise<VerifyReport> {
    const report = this.#parts.catalog.verify(runId, progress);
    if (signal === undefined) return report;
    const aborted = new Promise<never>((_resolve, reject) => {
      const give = () => reject(signal.reason instanceof Error ? signal.reason : new Error('given up'));
      if (signal.aborted) give();
      signal.addEventListener('abort', give, { once: true });
    });
    return Promise.race([report, aborted]);
  }

  async exportTo(
    runId: string,
    kind: 'directory' | 'file' | 'download',
    progress: (p: Progress) => void,
    signal?: AbortSignal,
  ): Promise<ExportResult> {
    const { bundles, exportBundle } = this.#parts;
    // Not awaited here: the picker must open while the gesture that asked for it still counts.
    const members = bundles.members(runId);
    members.catch(() => undefined);
    try {
      return await exportBundle(runId, kind, members, progress, signal);
    } catch (cause) {
      return { ok: false, code: 'failed', detail: words(cause) };
    }
  }

  onSealProgress(listener: (runId: string, progress: Progress | null) => void): () => void {
    return this.#parts.bundles.onSealProgress(listener);
  }

  update(): UpdateState {
    return this.#parts.updates.view();
  }

  onUpdate(listener: (state: UpdateState) => void): () => void {
    return this.#parts.updates.listen(listener);
  }

  applyUpdate(): Promise<void> {
    this.#parts.updates.apply();
    return Promise.resolve();
  }

  install(): (() => Promise<boolean>) | null {
    return this.#parts.installs.current();
  }

  async setting(key: SettingKey): Promise<string | null> {
    return this.#parts.workspace.setting(key);
  }

  async setSetting(key: SettingKey, value: string): Promise<void> {
    await this.#parts.workspace.setSetting(key, value);
  }
}

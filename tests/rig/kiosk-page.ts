import type { Page } from 'playwright-core';
import type { BundleSummary, VerifyReport } from '../../src/bundle/types.ts';
import type { Problem, Result } from '../../src/record/problem.ts';
import type { Command, Receipt } from '../../src/record/command.ts';
import type { Json, RecordedEvent } from '../../src/record/event.ts';
import type { ExportResult, Kiosk } from '../../src/ui/kiosk.ts';
import type { MirrorSnapshot, StartRequest, StartResult } from '../../src/wire/messages.ts';
import { waitUntil } from './wait-until.ts';

type KioskWindow = { readonly benchseal: Kiosk };

/** What a test looks at, without the plot ring. */
export type KioskState = Omit<MirrorSnapshot, 'plot' | 'events' | 'channels'> & {
  readonly eventCount: number;
};
export type Phase = KioskState['run']['state']['phase'];

export const ARM_NOW: StartRequest = {
  sampleId: 'steel-7',
  operator: { id: 'gb', displayName: 'Grace B.' },
  durationS: null,
  armNow: true,
};

/** The kiosk in one tab: by its screens (test ids) where a person would, by `globalThis.benchseal` where a script would. */
export class KioskPage {
  readonly page: Page;
  readonly origin: string;

  constructor(page: Page, origin: string) {
    this.page = page;
    this.origin = origin;
    // The last tab of an open run asks before it goes; the operator here means it.
    page.on('dialog', (dialog) => void dialog.accept().catch(() => undefined));
  }

  /** Opens the app and waits until it has a conductor. */
  async open(): Promise<void> {
    await this.page.goto(this.origin);
    await this.ready();
  }

  async reload(): Promise<void> {
    await this.page.reload();
    await this.ready();
  }

  async ready(): Promise<void> {
    await this.page.waitForFunction(() => 'benchseal' in globalThis, null, { timeout: 20_000 });
    await waitUntil('an answer of the conductor', 20_000, () =>
      this.state().then(
        (state) => state.hostMs > 0,
        () => false,
      ),
    );
  }

  state(): Promise<KioskState> {
    return this.page.evaluate(async () => {
      const { plot, events, channels, ...rest } = await (
        globalThis as unknown as KioskWindow
      ).benchseal.snapshot();
      return { ...rest, eventCount: events.length + 0 * (plot.length + channels.length) };
    });
  }

  /** Of the run in `events`: from its start on. Those before are the kiosk's own, with ids of their own. */
  async runEvents(): Promise<RecordedEvent[]> {
    const events = await this.events();
    return events.slice(events.findLastIndex((event) => event.kind === 'run.started'));
  }

  /** Events the app shows as recorded, oldest first. */
  events(): Promise<RecordedEvent[]> {
    return this.page.evaluate(async () => [
      ...(await (globalThis as unknown as KioskWindow).benchseal.snapshot()).events,
    ]);
  }

  channels(): Promise<MirrorSnapshot['channels']> {
    return this.page.evaluate(
      async () => (await (globalThis as unknown as KioskWindow).benchseal.snapshot()).channels,
    );
  }

  testId(id: string, attributes: Readonly<Record<string, string>> = {}) {
    const more = Object.entries(attributes).map(([name, value]) => `[${name}="${value}"]`);
    return this.page.locator(`[data-testid="${id}"]${more.join('')}`);
  }

  // ------------------------------------------------------------ set-up

  async loadRig(toml: string): Promise<void> {
    const result: Result<void, readonly Problem[]> = await this.page.evaluate(
      (text) => (globalThis as unknown as KioskWindow).benchseal.loadRig(text),
      toml,
    );
    if (!result.ok) throw new Error(`the rig is refused: ${JSON.stringify(result.error)}`);
  }

  async devicesPoll(names: readonly string[], timeoutMs = 30_000): Promise<void> {
    await waitUntil(
      `${names.join(', ')} to be polled`,
      timeoutMs,
      async () => {
        const { devices } = await this.state();
        return names.every((name) =>
          devices.some((view) => view.device === name && view.phase === 'polling' && view.polls > 2),
        );
      },
      async () => (await this.state()).devices,
    );
  }

  /** Spares exist: a run can be armed, with a waiver while they are young. */
  async slotsReady(): Promise<void> {
    await waitUntil(
      'slots',
      30_000,
      async () => {
        const recorder = (await this.state()).health.recorder;
        return recorder !== null && recorder.slotsAged + recorder.slotsYoung > 2;
      },
      async () => (await this.state()).health,
    );
  }

  // ------------------------------------------------------------ a run

  async start(request: Partial<StartRequest> = {}): Promise<string> {
    await this.slotsReady();
    const result = await this.tryStart(request);
    if (!result.ok) throw new Error(`start refused: ${result.code}, ${result.detail}`);
    await this.phase('running');
    return result.runId;
  }

  tryStart(request: Partial<StartRequest> = {}): Promise<StartResult> {
    return this.page.evaluate((wanted) => (globalThis as unknown as KioskWindow).benchseal.start(wanted), {
      ...ARM_NOW,
      ...request,
    });
  }

  async stop(): Promise<void> {
    await this.page.evaluate(() => (globalThis as unknown as KioskWindow).benchseal.stop('operator_stop'));
  }

  async note(text: string): Promise<void> {
    await this.page.evaluate((words) => (globalThis as unknown as KioskWindow).benchseal.note(words), text);
  }

  command(device: string, kind: string, payload: { readonly [key: string]: Json }): Promise<Receipt> {
    const command = { id: crypto.randomUUID(), device, kind, payload, issuedBy: 'gb', why: 'test' };
    // As text: the type of a JSON tree is too deep for what `evaluate` does to its arguments' types.
    return this.page.evaluate(
      (text) => (globalThis as unknown as KioskWindow).benchseal.command(JSON.parse(text) as Command),
      JSON.stringify(command),
    );
  }

  phase(phase: Phase, timeoutMs = 30_000): Promise<KioskState> {
    return waitUntil(
      `the run to be ${phase}`,
      timeoutMs,
      async () => {
        const state = await this.state();
        if (state.run.state.phase === 'failed' && phase !== 'failed')
          throw new Error(`the run failed: ${JSON.stringify(state.run.state)}`);
        return state.run.state.phase === phase ? state : null;
      },
      () => this.state(),
    );
  }

  /** Root digest of the run when it is sealed. */
  async sealed(timeoutMs = 60_000): Promise<string> {
    const { run } = await this.phase('sealed', timeoutMs);
    return run.state.phase === 'sealed' ? run.state.rootDigest : '';
  }

  async eventOf(
    kind: string,
    timeoutMs: number,
    fits: (event: RecordedEvent) => boolean = () => true,
  ): Promise<RecordedEvent> {
    return waitUntil(
      `an event ${kind}`,
      timeoutMs,
      async () => (await this.events()).find((event) => event.kind === kind && fits(event)),
      async () =>
        (await this.events()).slice(-30).map((event) => `${event.kind} ${event.source} ${event.message}`),
    );
  }

  // ------------------------------------------------------------ bundles

  bundles(): Promise<readonly BundleSummary[]> {
    return this.page.evaluate(() => (globalThis as unknown as KioskWindow).benchseal.bundles());
  }

  verify(runId: string): Promise<VerifyReport> {
    return this.page.evaluate(
      (id) => (globalThis as unknown as KioskWindow).benchseal.verify(id, () => undefined),
      runId,
    );
  }

  exportTo(runId: string, kind: 'directory' | 'file' | 'download'): Promise<ExportResult> {
    return this.page.evaluate(
      ([id, where]) => (globalThis as unknown as KioskWindow).benchseal.exportTo(id, where, () => undefined),
      [runId, kind] as const,
    );
  }

  /** Downloads the bundle as a zip to `path`. */
  async download(runId: string, path: string): Promise<void> {
    const coming = this.page.waitForEvent('download', { timeout: 60_000 });
    const [download, result] = await Promise.all([coming, this.exportTo(runId, 'download')]);
    if (!result.ok) throw new Error(`download refused: ${result.code}, ${result.detail}`);
    await download.saveAs(path);
  }
}

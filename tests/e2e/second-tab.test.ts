import { setTimeout as sleep } from 'node:timers/promises';
import { expect, it } from 'vitest';
import { FLOW, rigToml } from '../rig/bench-rigs.ts';
import { metadataOf, RunJournal } from '../rig/run-journal.ts';
import { waitUntil } from '../rig/wait-until.ts';
import { withWorkbench } from '../rig/workbench.ts';

it('a second tab observes and says so, and takes the run over when the first is closed', () =>
  withWorkbench({ instruments: [FLOW] }, async (bench) => {
    const owner = bench.kiosk;
    await owner.loadRig(rigToml({ instruments: [FLOW] }));
    await owner.devicesPoll(['flow']);
    const runId = await owner.start();

    const second = await bench.tab();
    await second.testId('observer-banner').waitFor({ state: 'visible', timeout: 10_000 });
    const seen = await second.state();
    expect(seen).toMatchObject({ owner: false, run: { state: { phase: 'running', runId } } });
    expect(await second.tryStart()).toMatchObject({ ok: false, code: 'observer' });
    expect((await second.events()).map((event) => event.kind)).toContain('run.started');
    expect(await owner.testId('observer-banner').isVisible()).toBe(false);
    await sleep(2000);

    bench.kiosk = second;
    await owner.page.close();
    await waitUntil('the second tab to own the rig', 10_000, async () => (await second.state()).owner);
    await second.testId('observer-banner').waitFor({ state: 'hidden', timeout: 10_000 });
    await second.devicesPoll(['flow']);
    expect((await second.state()).run.state).toMatchObject({ phase: 'running', runId });
    await sleep(2000);
    await second.stop();
    await second.sealed();

    const journal = await RunJournal.read(await bench.carryAway(runId));
    expect(journal.laneFaults()).toEqual([]);
    const gaps = journal.eventsOf('recording.gap').map(metadataOf);
    expect(gaps.map((gap) => gap['device'])).toContain('flow');
    expect(journal.longestGapS('flow')).toBeLessThan(8);
  }));

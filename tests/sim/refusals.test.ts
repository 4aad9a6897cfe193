import { describe, expect, it } from 'vitest';
import { portName } from '../../src/rig/rig.ts';
import { NO_BRIDGE } from '../../src/wire/bridge.ts';
import type { DeviceView, StartRequest } from '../../src/wire/messages.ts';
import { ModelBench } from './model/bench.ts';

const REQUEST: StartRequest = {
  sampleId: 'sample',
  operator: { id: 'op', displayName: 'Op' },
  durationS: null,
  armNow: true,
};

async function benchAtRest(seed: number): Promise<ModelBench> {
  const bench = new ModelBench(seed);
  await bench.time.runUntil(() => false, 1500);
  return bench;
}

/** What a call came to, in virtual time. */
async function settled<T>(bench: ModelBench, call: Promise<T> | undefined): Promise<PromiseSettledResult<T>> {
  let done: PromiseSettledResult<T> | undefined;
  call?.then(
    (value) => (done = { status: 'fulfilled', value }),
    (reason: unknown) => (done = { status: 'rejected', reason }),
  );
  await bench.time.runUntil(() => done !== undefined, 60_000);
  if (done === undefined) throw new Error('no answer');
  return done;
}

const phaseOf = (bench: ModelBench) => bench.lastFrame?.run.state.phase;

describe('a page that reloads while a run is prepared', () => {
  it('leaves no failed run behind: there was none, and the next start goes well', async () => {
    let caught = 0;
    for (let seed = 1; seed <= 30; seed += 1) {
      const bench = await benchAtRest(seed);
      bench.control?.start(REQUEST).catch(() => undefined);
      await bench.time.runUntil(() => ['preparing', 'running'].includes(phaseOf(bench) ?? ''), 5000);
      if (phaseOf(bench) !== 'preparing' || bench.disk.open !== null) continue;
      caught += 1;
      bench.reloadPage();
      await bench.time.runUntil(() => false, 8000);
      expect({ seed, phase: phaseOf(bench) }).toEqual({ seed, phase: 'idle' });
      const again = await settled(bench, bench.control?.start(REQUEST));
      expect(again).toMatchObject({ status: 'fulfilled', value: { ok: true } });
    }
    expect(caught).toBeGreaterThan(3);
  });
});

describe('what cannot be done is refused in words', () => {
  it('a stop without a run, also one that overtook its start', async () => {
    const bench = await benchAtRest(3);
    const none = await settled(bench, bench.control?.stop('operator_stop'));
    expect(none).toMatchObject({ status: 'rejected', reason: { code: 'no_run' } });
    await settled(bench, bench.control?.start(REQUEST));
    const stopped = await settled(bench, bench.control?.stop('operator_stop'));
    const again = await settled(bench, bench.control?.stop('operator_stop'));
    expect([stopped.status, again.status]).toEqual(['fulfilled', 'fulfilled']);
  });

  it('connecting a port whose instrument is being read', async () => {
    const bench = await benchAtRest(4);
    const [device] = bench.rig.devices;
    if (device === undefined) throw new Error('an empty rig');
    const view: DeviceView = {
      device: device.name,
      family: device.adapter,
      resource: portName(device.port),
      phase: 'waiting-for-port',
      health: 'down',
      detail: '',
      identity: null,
      rateHz: device.params.rate_hz,
      lastSampleHostMs: null,
      polls: 0,
      failures: {},
      skipped: {},
      bridge: NO_BRIDGE,
      unackedBytes: 0,
    };
    await bench.conductor.instrumentApi().deviceChanged(view);
    // This is how a port of a loaded rig is granted.
    expect((await settled(bench, bench.control?.addPort(device.port))).status).toBe('fulfilled');
    await bench.conductor.instrumentApi().deviceChanged({ ...view, phase: 'polling' });
    expect(await settled(bench, bench.control?.addPort(device.port))).toMatchObject({
      status: 'rejected',
      reason: { code: 'already_connected', message: `${device.name} is connected to this port already` },
    });
  });
});

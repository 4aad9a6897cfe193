import { readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import { DECLARATIONS } from '../../../src/instruments/declarations.ts';
import { FAMILIES } from '../../../src/instruments/registry.ts';
import { createWorld } from '../../../src/instruments/world.ts';
import { InstrumentWorkerHost } from '../../../src/links/instrument-host.ts';
import type { Envelope } from '../../../src/record/item.ts';
import { lastSeq } from '../../../src/record/item.ts';
import { createCalibrator } from '../../../src/rig/calibrate.ts';
import { parseRig } from '../../../src/rig/toml.ts';
import { SimulatedPort } from '../../../src/transports/simulated.ts';
import { AlignedClock } from '../../../src/wire/align.ts';
import { BridgeReceiver } from '../../../src/wire/bridge.ts';
import { connectControl, type Remote } from '../../../src/wire/call.ts';
import { hostClock } from '../../../src/wire/host-clock.ts';
import type {
  DeviceView,
  InstrumentControl,
  InstrumentHost,
  UpstreamFrame,
} from '../../../src/wire/messages.ts';

const RIG_FILE = join(resolve(import.meta.dirname, '../../..'), 'public/rigs/simulated.toml');
const parsed = parseRig(readFileSync(RIG_FILE, 'utf8'), DECLARATIONS);
if (!parsed.ok) throw new Error(JSON.stringify(parsed.error));
const rig = parsed.value;

/** A conductor as small as a worker can tell: takes, acknowledges, keeps the views. */
class SmallConductor {
  readonly envelopes: Envelope[] = [];
  readonly views = new Map<string, DeviceView>();
  readonly failures: unknown[] = [];
  control: Remote<InstrumentControl> | null = null;
  acknowledges = true;
  /** Its clock minus ours, ms. */
  scaleMs = 1000;
  #close: () => void = () => undefined;

  connect(host: InstrumentWorkerHost): void {
    const control = new MessageChannel();
    const data = new MessageChannel();
    const receiver = new BridgeReceiver<Envelope>({
      post: (frame) => data.port1.postMessage(frame),
      capacity: 64,
      bytesOf: ({ bytes }) => bytes,
      take: (envelope) => {
        this.envelopes.push(envelope);
        if (envelope.scope === 'live' || !this.acknowledges) return;
        const { producer, lane } = envelope;
        data.port1.postMessage({ type: 'ack', acks: [{ producer, lane, upTo: lastSeq(envelope) }] });
      },
      failed: (error) => this.failures.push(error),
    });
    data.port1.onmessage = ({ data: frame }: MessageEvent<UpstreamFrame>) => void receiver.onFrame(frame);
    const api: InstrumentHost = {
      ping: async () => hostClock.hostMs() + this.scaleMs,
      deviceChanged: async (view) => void this.views.set(view.device, view),
      discovered: async () => undefined,
    };
    const remote = connectControl<InstrumentControl>(control.port1, api);
    this.control = remote;
    this.#close = () => {
      remote.close();
      data.port1.close();
      receiver.close();
    };
    host.connect({ control: control.port2, data: data.port2 });
  }

  die(): void {
    this.#close();
  }

  async until(holds: () => boolean): Promise<void> {
    const untilMs = performance.now() + 20_000;
    while (!holds()) {
      if (performance.now() > untilMs) throw new Error(JSON.stringify([...this.views.values()], null, 1));
      await hostClock.sleep(20);
    }
  }
}

const stops: (() => Promise<void>)[] = [];
afterEach(async () => {
  for (const stop of stops.splice(0)) await stop();
});

function start() {
  const clock = new AlignedClock(hostClock);
  const world = createWorld(3);
  const failures: unknown[] = [];
  let seed = 0;
  const host = new InstrumentWorkerHost({
    resource: 'simulated',
    port: { transport: 'simulated' },
    epochMs: 1,
    families: FAMILIES,
    clock,
    failed: (error) => failures.push(error),
    sourceOf: (device) => {
      const family = device && FAMILIES.get(device.adapter);
      if (!device || !family) return null;
      seed += 1;
      const instrument = family.createSimulator({ params: device.params, world, seed });
      return new SimulatedPort({ instrument, clock });
    },
  });
  const stop = new AbortController();
  const running = host.run(stop.signal);
  stops.push(async () => {
    stop.abort(new Error('over'));
    await running;
    expect(failures).toEqual([]);
  });
  return { host, clock };
}

const polling = (conductor: SmallConductor) => () =>
  rig.devices.every(({ name }) => conductor.views.get(name)?.phase === 'polling');

describe('instrument worker host with the simulated rig', () => {
  it('identifies three instruments, records a run of them without holes, and hands everything over at the end', async () => {
    const { host, clock } = start();
    const conductor = new SmallConductor();
    stops.push(async () => conductor.die());
    conductor.connect(host);
    const { control } = conductor;
    if (control === null) throw new Error('not connected');
    await control.configure(rig.devices);
    await control.configure(rig.devices);
    await conductor.until(polling(conductor));
    expect(clock.alignment?.offsetMs).toBeCloseTo(1000, 0);

    const zero = { hostMs: clock.hostMs(), utcMs: clock.utcMs() };
    const order = { runId: 'r', epochMs: 777, zero, job: 'free_run' };
    await control.arm(order);
    await expect(control.configure([])).rejects.toMatchObject({ code: 'armed' });
    await hostClock.sleep(3000);
    const { result, upTo } = await control.disarm();
    expect(result).toBe('ok');
    const run = () => conductor.envelopes.filter(({ scope }) => scope === 'run');
    for (const { producer, lane, upTo: last } of upTo) {
      await conductor.until(
        () =>
          run().some((one) => one.producer === producer && one.lane === lane && lastSeq(one) === last) ||
          last === 0,
      );
      const numbers = run()
        .filter((one) => one.producer === producer && one.lane === lane)
        .flatMap(({ firstSeq, items }) => items.map((_item, at) => firstSeq + at));
      expect(numbers).toEqual(Array.from({ length: last }, (_none, at) => at + 1));
    }
    expect(upTo.map(({ producer, lane }) => `${producer} ${lane}`).sort()).toEqual(
      rig.devices.flatMap(({ name }) => [`${name}/777 data`, `${name}/777 events`]).sort(),
    );

    // Calibrated, every channel of the rig has values, in its unit and in a sane range.
    const calibrator = createCalibrator(rig, DECLARATIONS);
    const samples = run().flatMap((envelope) =>
      envelope.lane === 'data'
        ? envelope.items.flatMap((item, at) =>
            item.type === 'record'
              ? calibrator.samplesOf({ ...item, seq: envelope.firstSeq + at, tMonoNs: 0 })
              : [],
          )
        : [],
    );
    const of = (channel: string) => samples.filter((sample) => sample.channel === channel);
    for (const { name } of rig.channels) expect(of(name).length, name).toBeGreaterThan(5);
    expect(of('heater.pv')[0]).toMatchObject({ unit: '°C', status: 'ok' });
    expect(of('heater.pv')[0]?.value).toBeGreaterThan(10);
    expect(of('heater.pv')[0]?.value).toBeLessThan(100);
    expect(of('purge.pressure')[0]?.value).toBeGreaterThan(80);
    expect(of('purge.pressure')[0]?.value).toBeLessThan(400);
    expect(conductor.failures).toEqual([]);
  });

  it('a new conductor gets what the dead one had not acknowledged, before anything new', async () => {
    const { host, clock } = start();
    const first = new SmallConductor();
    first.connect(host);
    await first.control?.configure(rig.devices);
    await first.until(polling(first));
    first.acknowledges = false;
    await first.control?.arm({
      runId: 'r',
      epochMs: 888,
      zero: { hostMs: clock.hostMs(), utcMs: clock.utcMs() },
      job: 'free_run',
    });
    await hostClock.sleep(700);
    first.die();
    await hostClock.sleep(300);
    const second = new SmallConductor();
    second.connect(host);
    stops.push(async () => second.die());
    await hostClock.sleep(700);
    const ends = await second.control?.disarm();
    const mineOf = (name: string) =>
      second.envelopes.filter(
        ({ scope, lane, device }) => scope === 'run' && lane === 'data' && device === name,
      );
    // The answer comes by another port than the data: the last envelopes may still be under way.
    await second.until(() =>
      rig.devices.every(({ name }) => {
        const last = mineOf(name).at(-1);
        const end = ends?.upTo.find(({ producer, lane }) => producer === `${name}/888` && lane === 'data');
        return last !== undefined && lastSeq(last) === end?.upTo;
      }),
    );
    for (const { name } of rig.devices) {
      const numbers = mineOf(name).flatMap(({ firstSeq, items }) => items.map((_item, at) => firstSeq + at));
      expect(numbers).toEqual(numbers.map((_number, at) => at + 1));
      expect(ends?.upTo).toContainEqual({ producer: `${name}/888`, lane: 'data', upTo: numbers.length });
    }
  });

  it('makes outputs safe, and refuses commands to nobody', async () => {
    const { host } = start();
    const conductor = new SmallConductor();
    stops.push(async () => conductor.die());
    conductor.connect(host);
    await conductor.control?.configure(rig.devices);
    await conductor.until(polling(conductor));
    const receipts = (await conductor.control?.with({ timeoutMs: 10_000 }).makeSafe()) ?? [];
    expect(receipts.map(({ accepted }) => accepted)).toHaveLength(3);
    const refused = await conductor.control?.command({
      id: 'x',
      device: 'nobody',
      kind: 'tare',
      payload: {},
      issuedBy: 'ann',
      why: '',
    });
    expect(refused).toMatchObject({ accepted: false, commandId: 'x' });
    const tare = await conductor.control?.command({
      id: 'y',
      device: 'balance',
      kind: 'tare',
      payload: {},
      issuedBy: 'ann',
      why: 'test',
    });
    expect(tare).toMatchObject({ accepted: true });
  });

  it('carries out a command once, and none without a name to it', async () => {
    const { host } = start();
    const conductor = new SmallConductor();
    stops.push(async () => conductor.die());
    conductor.connect(host);
    await conductor.control?.configure(rig.devices);
    await conductor.until(polling(conductor));
    const tare = { device: 'balance', kind: 'tare', payload: {}, why: 'test' };
    const events = () =>
      conductor.envelopes
        .flatMap(({ items }) => items.flatMap((item) => ('kind' in item ? [item] : [])))
        .filter(({ kind }) => kind === 'tare');
    const nameless = await conductor.control?.command({ ...tare, id: 'n', issuedBy: ' ' });
    expect(nameless).toMatchObject({ accepted: false, commandId: 'n' });
    expect(nameless?.detail).toContain('who gives it');
    await conductor.until(() => events().length === 1);
    expect(events()[0]).toMatchObject({ severity: 'warning', metadata: { accepted: false } });
    const twice = { ...tare, id: 'twice', issuedBy: 'ann' };
    const [first, again] = await Promise.all([
      conductor.control?.command(twice),
      conductor.control?.command(twice),
    ]);
    expect(first).toMatchObject({ accepted: true });
    expect(await conductor.control?.command(twice)).toEqual(first);
    expect(again).toEqual(first);
    await hostClock.sleep(300);
    expect(events()).toHaveLength(2);
  });

  it.each([3_600_000, -3_600_000])(
    'dates a run on the scale of a conductor that was born %i ms away from the last one',
    async (apartMs) => {
      const { host, clock } = start();
      const first = new SmallConductor();
      first.connect(host);
      await first.control?.configure(rig.devices);
      await first.until(polling(first));
      first.die();
      const second = new SmallConductor();
      stops.push(async () => second.die());
      second.scaleMs += apartMs;
      second.connect(host);
      await second.until(() => Math.abs((clock.alignment?.offsetMs ?? 0) - second.scaleMs) < 100);
      const nowMs = () => hostClock.hostMs() + second.scaleMs;
      const zero = { hostMs: nowMs(), utcMs: Date.now() };
      await second.control?.arm({ runId: 'r', epochMs: 777, zero, job: 'free_run' });
      const times = () =>
        second.envelopes.flatMap(({ scope, items }) =>
          scope === 'run' ? items.flatMap((item) => ('columns' in item ? [item.tHostMs] : [])) : [],
        );
      await second.until(() => times().length >= 5);
      await second.control?.disarm();
      expect(Math.min(...times())).toBeGreaterThanOrEqual(zero.hostMs);
      expect(Math.max(...times())).toBeLessThanOrEqual(nowMs());
    },
  );
});

import { describe, expect, it } from 'vitest';
import { createWorld, type World } from '../../../src/instruments/world.ts';

function state(world: World) {
  return {
    heaterC: world.heaterC,
    power: world.heaterPowerPct,
    flow: world.flowSlpm,
    pressure: world.gasPressurePsia,
    gasC: world.gasTemperatureC,
    mass: world.sampleMassG,
  };
}

function after(seconds: number, seed = 1, change: (world: World) => void = () => undefined): World {
  const world = createWorld(seed);
  world.advance(0);
  change(world);
  world.advance(seconds * 1000);
  return world;
}

describe('the simulated bench', () => {
  it('is the same for the same seed however time is cut, and another for another seed', () => {
    const whole = after(120);
    const cut = createWorld(1);
    for (let ms = 0; ms <= 120_000; ms += 7) cut.advance(ms);
    cut.advance(120_000);
    expect(state(cut)).toEqual(state(whole));
    expect(state(after(120, 2))).not.toEqual(state(whole));
  });

  it('does not go back in time, and a day asleep costs a bounded number of steps', () => {
    const world = after(60);
    const before = state(world);
    world.advance(1000);
    expect(state(world)).toEqual(before);
    const startedMs = performance.now();
    world.advance(86_400_000);
    expect(performance.now() - startedMs).toBeLessThan(1000);
    expect(Object.values(state(world)).every(Number.isFinite)).toBe(true);
  });

  it('is lively from the first second and settles at its setpoints', () => {
    expect(after(2).heaterC).toBeGreaterThan(25);
    expect(after(4).flowSlpm).toBeCloseTo(1, 1);
    const settled = after(600);
    expect(settled.heaterC).toBeCloseTo(450, 0);
    expect(settled.heaterPowerPct).toBeGreaterThan(20);
    expect(settled.heaterPowerPct).toBeLessThan(90);
  });

  it('heats no faster than its power allows and never overshoots by much', () => {
    const world = createWorld(3);
    let hottest = 0;
    for (let second = 0; second <= 600; second += 1) {
      world.advance(second * 1000);
      hottest = Math.max(hottest, world.heaterC);
      expect(world.heaterPowerPct).toBeGreaterThanOrEqual(0);
      expect(world.heaterPowerPct).toBeLessThanOrEqual(100);
    }
    expect(hottest).toBeLessThan(470);
    expect(after(20).heaterC).toBeLessThan(250);
  });

  it('loses mass only above about 250 °C, down to the char', () => {
    const cold = after(600, 1, (world) => {
      world.heaterSetpointC = 180;
    });
    expect(cold.sampleMassG).toBeGreaterThan(9.9);
    expect(after(600).sampleMassG).toBeCloseTo(2.2, 1);
  });

  it('gas carries heat away and lifts the sample a little', () => {
    const windy = after(900, 1, (world) => {
      world.flowSetpointSlpm = 5;
    });
    expect(windy.heaterPowerPct).toBeGreaterThan(after(900).heaterPowerPct);
    expect(windy.sampleMassG).toBeLessThan(after(900).sampleMassG);
    expect(windy.gasPressurePsia).toBeGreaterThan(after(900).gasPressurePsia);
  });
});

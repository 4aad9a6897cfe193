import { noise, seededRandom } from './random.ts';

/** The bench the simulated instruments stand on: one heater, one gas line, one sample on a balance. */
export interface World {
  /** Brings the physics to `nowMs` (any monotonic ms); calls with an earlier time do nothing. */
  advance(nowMs: number): void;
  heaterSetpointC: number;
  /** What the heater's own sensor reads, °C. */
  readonly heaterC: number;
  readonly heaterPowerPct: number;
  flowSetpointSlpm: number;
  readonly flowSlpm: number;
  readonly gasPressurePsia: number;
  readonly gasTemperatureC: number;
  readonly sampleMassG: number;
}

/** Longest step of the integration, ms; with `STEPS_MAX` it bounds the work of one call. */
const STEP_MS = 50;
/** After a gap longer than 10 min (a sleeping host) the physics goes on from where it was. */
const STEPS_MAX = 12_000;

const AMBIENT_C = 23;
const HEATER_POWER_W = 1_200;
const HEAT_CAPACITY_J_PER_K = 160;
const LOSS_W_PER_K = 1.1;
/** Forced convection: what 1 SLPM of gas carries away. */
const GAS_LOSS_W_PER_K_SLPM = 0.06;
/** Radiation of the heater, W/K⁴. */
const RADIATION_W_PER_K4 = 4e-10;
/** PI controller of the heater, as fractions of full power. */
const GAIN_PER_K = 0.02;
const INTEGRAL_PER_K_S = 0.0004;
const FLOW_TIME_CONSTANT_S = 0.45;
const SENSOR_TIME_CONSTANT_S = 1.5;
const SAMPLE_TIME_CONSTANT_S = 8;
const SAMPLE_START_G = 10;
const CHAR_FRACTION = 0.22;
/** Arrhenius rate of the sample: 1e-6/s at 200 °C, 0.02/s at 400 °C. */
const ACTIVATION_K = 15_800;
const RATE_PER_S_AT_400_C = 0.02;

/**
 * The physics behind `World`. Integrates in whole steps of 50 ms of its own time, so the way time is cut into calls
 * changes nothing: same seed, same setpoints at the same times, same values.
 */
class SimulatedWorld implements World {
  heaterSetpointC = 450;
  flowSetpointSlpm = 1;
  readonly #random: () => number;
  #steppedMs: number | null = null;
  #elementC = AMBIENT_C;
  #sensorC = AMBIENT_C;
  #sampleC = AMBIENT_C;
  #integral = 0;
  #power = 0;
  #flow = 0;
  #volatileG = SAMPLE_START_G * (1 - CHAR_FRACTION);
  #flowNoise = 0;
  #pressureNoise = 0;
  #massNoiseG = 0;

  constructor(seed: number) {
    this.#random = seededRandom(seed);
  }

  advance(nowMs: number): void {
    this.#steppedMs ??= nowMs;
    if (nowMs - this.#steppedMs > STEP_MS * STEPS_MAX) this.#steppedMs = nowMs - STEP_MS * STEPS_MAX;
    while (this.#steppedMs + STEP_MS <= nowMs) {
      this.#steppedMs += STEP_MS;
      this.#step(STEP_MS / 1000);
    }
  }

  #step(dtS: number): void {
    this.#controlHeater(dtS);
    const overK = this.#elementC - AMBIENT_C;
    const radiationW = RADIATION_W_PER_K4 * ((this.#elementC + 273.15) ** 4 - (AMBIENT_C + 273.15) ** 4);
    const lossW = overK * (LOSS_W_PER_K + GAS_LOSS_W_PER_K_SLPM * this.#flow) + radiationW;
    this.#elementC += ((this.#power * HEATER_POWER_W - lossW) * dtS) / HEAT_CAPACITY_J_PER_K;
    this.#sensorC += ((this.#elementC - this.#sensorC) * dtS) / SENSOR_TIME_CONSTANT_S;
    this.#sampleC += ((this.#elementC - this.#sampleC) * dtS) / SAMPLE_TIME_CONSTANT_S;
    this.#flow += ((this.flowSetpointSlpm - this.#flow) * dtS) / FLOW_TIME_CONSTANT_S;
    const rate = RATE_PER_S_AT_400_C * Math.exp(ACTIVATION_K * (1 / 673.15 - 1 / (this.#sampleC + 273.15)));
    this.#volatileG *= Math.exp(-Math.min(rate, 1) * dtS);
    this.#flowNoise = noise(this.#random);
    this.#pressureNoise = noise(this.#random);
    this.#massNoiseG = noise(this.#random) * (0.0004 + 0.0006 * this.#flow);
  }

  /** PI with the integral held while the power is at a limit: no windup on the way up. */
  #controlHeater(dtS: number): void {
    const errorK = this.heaterSetpointC - this.#sensorC;
    const wanted = GAIN_PER_K * errorK + this.#integral;
    this.#power = Math.min(1, Math.max(0, wanted));
    if (wanted === this.#power || Math.sign(errorK) !== Math.sign(wanted - this.#power)) {
      this.#integral = Math.min(1, Math.max(0, this.#integral + INTEGRAL_PER_K_S * errorK * dtS));
    }
  }

  get heaterC(): number {
    return this.#sensorC;
  }
  get heaterPowerPct(): number {
    return this.#power * 100;
  }
  get flowSlpm(): number {
    return Math.max(0, this.#flow + this.#flowNoise * 0.0015);
  }
  get gasPressurePsia(): number {
    return 14.7 + 0.9 * this.#flow + this.#pressureNoise * 0.005;
  }
  get gasTemperatureC(): number {
    return AMBIENT_C + 0.004 * (this.#elementC - AMBIENT_C);
  }
  /** What the balance weighs: char, what has not yet gone, less the lift of the rising gas. */
  get sampleMassG(): number {
    const liftG = 0.002 * this.#flow + 2e-6 * (this.#elementC - AMBIENT_C);
    return SAMPLE_START_G * CHAR_FRACTION + this.#volatileG - liftG + this.#massNoiseG;
  }
}

/** A bench at rest in a 23 °C room, heater asked for 450 °C and gas for 1 SLPM: lively from the first second. */
export function createWorld(seed: number): World {
  return new SimulatedWorld(seed);
}

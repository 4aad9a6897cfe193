/** The bench the simulated instruments stand on: one heater, one gas line, one sample on a balance. Implemented in issue work. */
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

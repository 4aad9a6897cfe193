import type { BridgeCounters, ConductorHealth, DeviceView, RecorderHealth } from '../wire/messages.ts';
import type { Outbox } from '../wire/outbox.ts';
import type { PercentileRing } from './percentile-ring.ts';

export interface VitalsSource {
  readonly lag: PercentileRing;
  readonly outbox: Outbox;
  recorder(): RecorderHealth | null;
  devices(): readonly DeviceView[];
  evictions(): number;
  mirrorDropped(): number;
}

/** The numbers of the status bar. Percentiles are worked out once a second, the rest when asked. */
export class Vitals {
  readonly #source: VitalsSource;
  #lagP50Ms = 0;
  #lagP99Ms = 0;
  #depthMax = 0;

  constructor(source: VitalsSource) {
    this.#source = source;
  }

  look(): void {
    this.#lagP50Ms = this.#source.lag.percentile(0.5);
    this.#lagP99Ms = this.#source.lag.percentile(0.99);
  }

  health(): ConductorHealth {
    const { lag, outbox } = this.#source;
    const toRecorder = outbox.counters();
    const recorder = this.#source.recorder();
    const bridges: readonly BridgeCounters[] = [
      toRecorder,
      ...this.#source.devices().map(({ bridge }) => bridge),
    ];
    const depth = Math.max(recorder?.queueDepth ?? 0, ...bridges.map((bridge) => bridge.depth));
    this.#depthMax = Math.max(this.#depthMax, depth);
    return {
      loopLagP50Ms: this.#lagP50Ms,
      loopLagP99Ms: this.#lagP99Ms,
      loopLagMaxMs: lag.max,
      worstBlockedMs: Math.max(0, ...bridges.map((bridge) => bridge.blockedSinceMs)),
      queueDepth: depth,
      queueDepthMax: this.#depthMax,
      uiEvictions: this.#source.evictions(),
      mirrorDropped: this.#source.mirrorDropped(),
      retainedBytes: outbox.kept.bytes,
      bridgeToRecorder: toRecorder,
      recorder,
    };
  }
}

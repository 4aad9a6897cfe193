/** `queue_health` of the manifest, as recorded in `run.ended` (`spec/capa.md` §1.2: float values only). */
import type { Json } from '../record/event.ts';
import type { BridgeCounters, DeviceView, RecorderHealth } from '../wire/messages.ts';
import type { PercentileRing } from './percentile-ring.ts';
import { SATURATION_DEADLINE_MS } from './saturation.ts';

export const LOOP_LAG_WARN_MS = 50;

export function queueHealth(facts: {
  readonly lag: PercentileRing;
  readonly devices: readonly DeviceView[];
  readonly toRecorder: BridgeCounters;
  readonly recorder: RecorderHealth | null;
  readonly nowMs: number;
}): { readonly [block: string]: Json } {
  const { lag, devices, toRecorder, recorder } = facts;
  const blocks: { [block: string]: Json } = {
    runtime: { saturation_deadline_s: SATURATION_DEADLINE_MS / 1000, loop_lag_warn_ms: LOOP_LAG_WARN_MS },
    'loop.conductor': {
      samples: lag.count,
      lag_p50_ms: lag.percentile(0.5),
      lag_p99_ms: lag.percentile(0.99),
      lag_max_ms: lag.max,
    },
    'bridge.recorder': bridge(toRecorder),
    'queue.writer-inbox': { depth: recorder?.queueDepth ?? 0, depth_max: toRecorder.depthMax },
  };
  for (const { device, resource, bridge: counters, polls, failures, lastSampleHostMs } of devices) {
    const shared = devices.filter((other) => other.resource === resource).length > 1;
    const id = shared ? `${resource}:${device}` : resource;
    blocks[`bridge.outbound:${id}`] = bridge(counters);
    blocks[`worker:${id}`] = {
      polls_emitted: polls,
      polls_failed: Object.values(failures).reduce((sum, count) => sum + count, 0),
      last_sample_age_s: lastSampleHostMs === null ? -1 : (facts.nowMs - lastSampleHostMs) / 1000,
    };
  }
  return blocks;
}

function bridge(counters: BridgeCounters): Json {
  return {
    depth: counters.depth,
    depth_max: counters.depthMax,
    capacity: counters.capacity,
    enqueued_total: counters.enqueued,
    dequeued_total: counters.delivered,
    dropped_total: counters.dropped,
    blocked_total_ms: counters.blockedTotalMs,
    blocked_since_ms: counters.blockedSinceMs,
  };
}

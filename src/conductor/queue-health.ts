/**
 * `queue_health` of the manifest, as recorded in `run.ended` (`spec/capa.md` §1.2: float values only). Totals are of the
 * run, from `counted_from_s` after its zero; maxima, loop lags and what happened to a worker that was replaced are of
 * the life of who measures.
 */
import type { Json } from '../record/event.ts';
import type { BridgeCounters, DeviceView, RecorderHealth } from '../wire/messages.ts';
import type { PercentileRing } from './percentile-ring.ts';
import type { RunTally } from './run-tally.ts';
import { SATURATION_DEADLINE_MS } from './saturation.ts';

export const LOOP_LAG_WARN_MS = 50;

export function queueHealth(facts: {
  readonly lag: PercentileRing;
  readonly devices: readonly DeviceView[];
  readonly toRecorder: BridgeCounters;
  readonly recorder: RecorderHealth | null;
  readonly nowMs: number;
  readonly tally: RunTally;
}): { readonly [block: string]: Json } {
  const { lag, devices, toRecorder, recorder, tally } = facts;
  const blocks: { [block: string]: Json } = {
    runtime: {
      saturation_deadline_s: SATURATION_DEADLINE_MS / 1000,
      loop_lag_warn_ms: LOOP_LAG_WARN_MS,
      counted_from_s: tally.countedFromS,
    },
    'loop.conductor': {
      samples: lag.count,
      lag_p50_ms: lag.percentile(0.5),
      lag_p99_ms: lag.percentile(0.99),
      lag_max_ms: lag.max,
    },
    'bridge.recorder': bridge(tally.toRecorder(toRecorder)),
    'queue.writer-inbox': { depth: recorder?.queueDepth ?? 0, depth_max: toRecorder.depthMax },
  };
  for (const view of devices) {
    const { device, resource, lastSampleHostMs } = view;
    const shared = devices.filter((other) => other.resource === resource).length > 1;
    const id = shared ? `${resource}:${device}` : resource;
    blocks[`bridge.outbound:${id}`] = bridge(tally.outbound(view));
    blocks[`worker:${id}`] = {
      polls_emitted: tally.readings(device),
      polls_failed: tally.failures(view),
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

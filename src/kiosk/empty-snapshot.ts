import { NO_BRIDGE } from '../wire/bridge.ts';
import type { MirrorSnapshot } from '../wire/messages.ts';

/** What is shown while no conductor answers: nothing, and if another build holds the bench, why. */
export function emptySnapshot(
  hostMs: number,
  owner: boolean,
  refusal: MirrorSnapshot['refusal'],
): MirrorSnapshot {
  return {
    hostMs,
    run: {
      state: { phase: 'idle' },
      zero: null,
      sampleId: null,
      operatorId: null,
      durationS: null,
      endedHostMs: null,
    },
    devices: [],
    channels: [],
    plot: [],
    events: [],
    health: {
      loopLagP50Ms: 0,
      loopLagP99Ms: 0,
      loopLagMaxMs: 0,
      worstBlockedMs: 0,
      queueDepth: 0,
      queueDepthMax: 0,
      uiEvictions: 0,
      mirrorDropped: 0,
      retainedBytes: 0,
      bridgeToRecorder: NO_BRIDGE,
      recorder: null,
    },
    owner,
    rig: { name: '', devices: [], channels: [], storage: { partBytesMax: 0, partMinutesMax: 0 } },
    refusal,
  };
}

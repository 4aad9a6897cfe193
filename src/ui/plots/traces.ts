import type { Rig, RigChannel } from '../../rig/rig.ts';

/** How a channel is drawn, everywhere: the theme token of its colour, and dashes where colours run out. */
export interface Trace {
  readonly channel: string;
  readonly unit: string;
  /** CSS custom property. */
  readonly token: string;
  /** 1 … 6, or 0 for a setpoint; names the CSS class of its key. */
  readonly tone: number;
  readonly dash: readonly number[];
  /** Polls of the device per second, for what counts as a gap. */
  readonly rateHz: number;
}

export interface TraceGroup {
  readonly group: string;
  /** In the order of the rig; the first one's axis stands left, the second's right. */
  readonly units: readonly string[];
  readonly traces: readonly Trace[];
}

const TONES = 6;
const DASHES: readonly (readonly number[])[] = [[], [8, 4], [2, 3]];

/** One group per `plot_group`, in the order of the rig; ungrouped channels go to `misc`. */
export function traceGroups(rig: Rig): readonly TraceGroup[] {
  const groups = new Map<string, Trace[]>();
  const rates = new Map(rig.devices.map((device) => [device.name, device.params.rate_hz]));
  let index = 0;
  for (const channel of rig.channels) {
    const group = channel.plotGroup || 'misc';
    const traces = groups.get(group) ?? [];
    traces.push(traceOf(channel, channel.kind === 'setpoint' ? -1 : index++, rates));
    groups.set(group, traces);
  }
  return [...groups].map(([group, traces]) => ({
    group,
    traces,
    units: [...new Set(traces.map(({ unit }) => unit))],
  }));
}

function traceOf(channel: RigChannel, index: number, rates: ReadonlyMap<string, number>): Trace {
  const base = {
    channel: channel.name,
    unit: channel.unit,
    rateHz: rates.get(channel.source.device) ?? 1,
  };
  if (index < 0) return { ...base, token: '--ink-3', tone: 0, dash: [5, 4] };
  const tone = (index % TONES) + 1;
  return {
    ...base,
    token: `--t${tone}`,
    tone,
    dash: DASHES[Math.floor(index / TONES) % DASHES.length] ?? [],
  };
}

/** A line breaks when this long nothing was read: three polls, and never for less than a second. */
export function gapMs(rateHz: number): number {
  return Math.max(1000, 3000 / Math.max(rateHz, 0.01));
}

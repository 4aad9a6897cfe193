import type { RigChannel } from '../rig/rig.ts';
import type { ChannelView, DeviceView } from '../wire/messages.ts';
import { ageText, valueText } from './format.ts';
import { words } from './words/words.ts';

export type TileLevel = 'ok' | 'info' | 'warn' | 'fail' | 'none';

/** What one number tile shows. `state` is the word beside the age; empty = nothing to say. */
export interface TileState {
  readonly channel: string;
  readonly value: string;
  readonly unit: string;
  readonly level: TileLevel;
  readonly state: string;
}

/** What an instrument does in its ordinary work (`spec/capa.md` §3.1); every other word but `ok` is a fault. */
const PASSING: { readonly [status: string]: string | undefined } = {
  settling: words.tiles.settling,
  hold: words.tiles.hold,
  calibrating: words.tiles.calibrating,
};

/** Longest age of a value that is still in time: two polls and a mirror frame. */
export function lateAfterMs(rateHz: number): number {
  return 2000 / Math.max(rateHz, 0.01) + 250;
}

/** `rateHz` of the rig stands in while the device has not been seen. */
export function tileState(
  channel: RigChannel,
  view: ChannelView | undefined,
  device: DeviceView | undefined,
  nowHostMs: number,
): TileState {
  const base = { channel: channel.name, unit: view?.unit ?? channel.unit };
  const value = view ? valueText(view.value) : '—';
  if (device?.phase === 'lost' || device?.phase === 'failed')
    return {
      ...base,
      value,
      level: 'fail',
      state: device.phase === 'lost' ? words.tiles.lost : words.tiles.down,
    };
  if (!view) {
    const waiting = device?.phase === 'waiting-for-port';
    return { ...base, value, level: 'none', state: waiting ? words.tiles.waiting : words.tiles.noValue };
  }
  const ageMs = nowHostMs - view.tHostMs;
  if (device?.phase === 'late' || ageMs > lateAfterMs(device?.rateHz ?? 1))
    return { ...base, value, level: 'warn', state: words.tiles.late(ageText(ageMs)) };
  const passing = PASSING[view.status];
  if (passing !== undefined) return { ...base, value, level: 'info', state: passing };
  if (view.status !== 'ok') return { ...base, value, level: 'fail', state: view.status.replaceAll('_', ' ') };
  return { ...base, value, level: 'ok', state: words.tiles.age(ageText(ageMs)) };
}

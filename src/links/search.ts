/** A port nobody configured: asked again and again who is there, until somebody answers or it is no longer wanted. */
import { portName } from '../rig/rig.ts';
import type { BridgeCounters, DeviceView, LinkPhase } from '../wire/messages.ts';
import { type Found, probePort, type ProbeOptions } from './probe.ts';

const SEARCH_AGAIN_MS = 5000;

export interface SearchOptions extends Omit<ProbeOptions, 'onTry'> {
  bridge(): BridgeCounters;
  /** The port stands in the device table under its own name while it is asked. */
  changed(view: DeviceView): void;
}

export async function searchPort(options: SearchOptions): Promise<Found | null> {
  const { clock, signal } = options;
  const say = (phase: LinkPhase, detail: string) => options.changed(portView(options, phase, detail));
  while (!signal.aborted) {
    say('waiting-for-port', '');
    const { found, tried } = await probePort({
      ...options,
      onTry: (words) => say('identifying', words),
    });
    if (found !== null) return found;
    if (tried.length > 0) say('failed', `no known instrument answered: ${tried.join('; ')}`);
    await clock.sleep(SEARCH_AGAIN_MS, signal).catch(() => undefined);
  }
  return null;
}

function portView(options: SearchOptions, phase: LinkPhase, detail: string): DeviceView {
  const resource = portName(options.port);
  return {
    device: resource,
    family: '',
    resource,
    phase,
    health: 'down',
    detail,
    identity: null,
    rateHz: 0,
    lastSampleHostMs: null,
    polls: 0,
    failures: {},
    skipped: {},
    bridge: options.bridge(),
    unackedBytes: 0,
  };
}

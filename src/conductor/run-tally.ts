/** What of the counters belongs to this run: their sources count from the start of a worker or of the conductor. */
import type { BridgeCounters, DeviceView } from '../wire/messages.ts';

export interface TallySources {
  readonly devices: readonly DeviceView[];
  readonly toRecorder: BridgeCounters;
}

export class RunTally {
  #countedFromS = 0;
  #before: TallySources | null = null;
  readonly #readings = new Map<string, number>();

  /** Seconds from run zero at which the counting began; above 0 when this conductor came in the middle of the run. */
  get countedFromS(): number {
    return this.#countedFromS;
  }

  /** A run begins: what was counted until now is not of it. */
  started(before: TallySources): void {
    this.#before = before;
    this.#countedFromS = 0;
    this.#readings.clear();
  }

  /** A run that another conductor began. */
  adopted(before: TallySources, countedFromS: number): void {
    this.#before = before;
    this.#countedFromS = countedFromS;
  }

  /** A reading of the run came in, for the first time. */
  reading(device: string): void {
    this.#readings.set(device, this.readings(device) + 1);
  }

  readings(device: string): number {
    return this.#readings.get(device) ?? 0;
  }

  failures({ device, failures }: Pick<DeviceView, 'device' | 'failures'>): number {
    return since(total(failures), total(this.#deviceBefore(device)?.failures ?? {}));
  }

  outbound({ device, bridge }: Pick<DeviceView, 'device' | 'bridge'>): BridgeCounters {
    return ofTheRun(bridge, this.#deviceBefore(device)?.bridge);
  }

  toRecorder(counters: BridgeCounters): BridgeCounters {
    return ofTheRun(counters, this.#before?.toRecorder);
  }

  #deviceBefore(device: string): DeviceView | undefined {
    return this.#before?.devices.find((other) => other.device === device);
  }
}

/** What waited when the run began counts as put in then, so that in = out + dropped + waiting holds. */
function ofTheRun(now: BridgeCounters, before: BridgeCounters | undefined): BridgeCounters {
  if (before === undefined || now.enqueued < before.enqueued) return now;
  const delivered = since(now.delivered, before.delivered);
  const dropped = since(now.dropped, before.dropped);
  return {
    ...now,
    delivered,
    dropped,
    enqueued: delivered + dropped + now.depth,
    blockedTotalMs: since(now.blockedTotalMs, before.blockedTotalMs),
  };
}

/** A counter that is smaller than it was belongs to a worker that was started since. */
function since(now: number, before: number): number {
  return now >= before ? now - before : now;
}

function total(counts: { readonly [code: string]: number }): number {
  return Object.values(counts).reduce((sum, count) => sum + count, 0);
}

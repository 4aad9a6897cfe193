/** Finds out what hangs on an unknown port: every family, every line it may speak, read-only, in bounded time. */
import type { Identity } from '../instruments/adapter.ts';
import type { Family, LineSettings } from '../instruments/family.ts';
import type { Params } from '../instruments/params.ts';
import type { Clock } from '../record/clock.ts';
import type { PortBinding, RigChannel, RigDevice } from '../rig/rig.ts';
import { canonicalUnit } from '../rig/units.ts';
import type { PortSource } from '../transports/byte-channel.ts';
import { PortLine } from './exchange-line.ts';
import { SETTLE_MS } from './link.ts';
import { WireLog } from './wire-log.ts';

export interface Found {
  readonly family: string;
  readonly identity: Identity;
  readonly device: RigDevice;
  readonly channels: readonly RigChannel[];
}

export interface ProbeOptions {
  readonly source: PortSource;
  readonly port: PortBinding;
  /** In the order to try. */
  readonly families: ReadonlyMap<string, Family>;
  readonly clock: Clock;
  readonly signal: AbortSignal;
  /** Says what is tried, for the device table. */
  onTry(words: string): void;
}

/** No single try may hold the port longer than its family says, nor all of them together longer than this. */
const PROBE_MS_MAX = 60_000;

/** Null when nobody known answered; then `tried` says what was asked. */
export async function probePort(
  options: ProbeOptions,
): Promise<{ readonly found: Found | null; readonly tried: readonly string[] }> {
  const tried: string[] = [];
  const untilMs = options.clock.hostMs() + PROBE_MS_MAX;
  for (const candidate of candidates(options.families)) {
    if (options.signal.aborted || options.clock.hostMs() > untilMs) break;
    const words = `${candidate.family.declaration.title} at ${lineWords(candidate.line)}`;
    options.onTry(words);
    tried.push(words);
    const identity = await identifyOn(candidate, options);
    if (identity !== null) return { found: offer(candidate, identity, options.port), tried };
  }
  return { found: null, tried };
}

interface Candidate {
  readonly family: Family;
  readonly line: LineSettings;
  readonly params: Params;
}

/** The likeliest line of every family first, then the second, and so on. */
function candidates(families: ReadonlyMap<string, Family>): Candidate[] {
  const perFamily = [...families.values()].map((family) =>
    family.declaration.lines.flatMap((line) => {
      const params = paramsFor(family, line);
      return params === null ? [] : [{ family, line, params }];
    }),
  );
  const longest = Math.max(0, ...perFamily.map((list) => list.length));
  return Array.from({ length: longest }, (_none, rank) => rank).flatMap((rank) =>
    perFamily.flatMap((list) => list.slice(rank, rank + 1)),
  );
}

/** Params that make a family speak on this line: its defaults, or the ways families name their line settings. */
function paramsFor(family: Family, line: LineSettings): Params | null {
  const { baudRate: baud, parity, dataBits, stopBits } = line;
  const spellings = [
    {},
    { baud },
    { baud, parity },
    { baud, parity, data_bits: dataBits, stop_bits: stopBits },
  ];
  for (const raw of spellings) {
    const parsed = family.declaration.parseParams(raw, 'params');
    if (parsed.ok && lineWords(family.declaration.lineOf(parsed.params)) === lineWords(line))
      return parsed.params;
  }
  return null;
}

function lineWords(line: LineSettings): string {
  return `${line.baudRate} ${line.dataBits}${line.parity.slice(0, 1).toUpperCase()}${line.stopBits}`;
}

async function identifyOn(candidate: Candidate, options: ProbeOptions): Promise<Identity | null> {
  const { clock, signal } = options;
  const channel = await options.source.find(signal).catch(() => null);
  if (channel === null) return null;
  const opened = await channel.open(candidate.line);
  if (!opened.ok) {
    options.onTry(`the port cannot be opened: ${opened.error.detail}`);
    await channel.close();
    return null;
  }
  await clock.sleep(SETTLE_MS);
  const tap = new WireLog('probe', candidate.family.declaration.id);
  const port = new PortLine(channel, clock, tap);
  const reading = port.run();
  const adapter = candidate.family.createAdapter({
    device: candidate.family.declaration.id,
    params: candidate.params,
    line: port.lineFor(tap),
    clock,
  });
  try {
    const identified = await adapter.identify();
    return identified.ok ? identified.identity : null;
  } finally {
    await adapter.close();
    await channel.close();
    await reading;
  }
}

function offer({ family, params }: Candidate, identity: Identity, port: PortBinding): Found {
  const { declaration } = family;
  const index = port.transport === 'web-serial' ? port.index : 0;
  const name = index === 0 ? declaration.id : `${declaration.id}_${index + 1}`;
  const device: RigDevice = { name, adapter: declaration.id, port, params, onFailure: 'warn' };
  const channels = declaration.fields
    // A device may lack a field its family has: then it reports no unit for it.
    .filter((field) => field.offered && (field.unit ?? identity.fieldUnits[field.field]) !== undefined)
    .map((field): RigChannel => {
      const unit = field.unit ?? identity.fieldUnits[field.field] ?? '';
      return {
        name: `${name}.${field.field.toLowerCase()}`,
        kind: field.channelKind,
        unit: canonicalUnit(unit) ?? unit,
        source: { device: name, field: field.field },
        calibration: { kind: 'identity' },
        keepRaw: true,
        plotGroup: field.plotGroup,
        decimateToHz: 60,
      };
    });
  return { family: declaration.id, identity, device, channels };
}

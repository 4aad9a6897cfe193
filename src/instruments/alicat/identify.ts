/** Finding out what an Alicat is and how it lays out its frames (`spec/protocols.md` §5.2–5.5). */
import type { ExchangeCode, ExchangeLine, Identity } from '../adapter.ts';
import { commandBytes, looksStreaming, number, tableScan, textScanner } from './codec.ts';
import { hasCommand, parseFirmware, type Firmware } from './firmware.ts';
import { layoutFromTable, readFrame, standardLayout, type FrameLayout } from './frame.ts';

/** Default stream interval is 50 ms: three frames fit. */
const LISTEN_MS = 150;
/** Without a byte bound the drain never ends when the unit did not see the stop. */
const DRAIN_BYTES_MAX = 256;
const STOP_TRIES = 3;
/** 22 rows of 70 bytes take 0.8 s at 19200 baud. */
const TABLE_TIMEOUT_MS = 1500;

export interface AlicatSession {
  readonly line: ExchangeLine;
  readonly unitId: string;
  readonly timeoutMs: number;
  readonly firmware: Firmware;
  readonly layout: FrameLayout;
  /** Of the mass flow, in its unit; null = the device does not tell. */
  readonly fullScale: number | null;
}

export type Identified =
  | { readonly ok: true; readonly identity: Identity; readonly session: AlicatSession }
  | { readonly ok: false; readonly code: ExchangeCode; readonly detail: string };

/** Read-only, but for stopping a stream an earlier session left on. */
export async function identifyAlicat(
  line: ExchangeLine,
  unitId: string,
  timeoutMs: number,
): Promise<Identified> {
  await stopStream(line, unitId);
  const poll = await askLine(line, unitId, '', timeoutMs, 1);
  if (!poll.ok) return poll;
  const first = poll.value.split(/ +/).slice(0, 2);
  if (first.length < 2 || first.some((token) => number(token) === undefined)) {
    return { ok: false, code: 'unexpected', detail: `"${poll.value}" is not a data frame` };
  }
  const about = await askTable(line, unitId, '??M*', (row) => /^[A-Z] +M09 /.test(row));
  const version = await askLine(line, unitId, 'VE', timeoutMs, 0);
  const firmware = firmwareOf(version.ok ? version.value : '', about);
  // Newer tables end with the LCK flag; older ones end in silence.
  const table = await askTable(line, unitId, '??D*', (row) => /\*Status +string +\d+ LCK\s*$/.test(row));
  const layout =
    fitting(poll.value, layoutFromTable(table)) ??
    fitting(poll.value, standardLayout(`${unitId} ${poll.value}`));
  if (layout === null) {
    return { ok: false, code: 'unexpected', detail: `frame layout unknown: "${poll.value}"` };
  }
  const flow = layout.required.find((field) => field.column === 'Mass_Flow');
  const fullScale = hasCommand(firmware, 'FPF')
    ? await askFullScale(line, unitId, timeoutMs)
    : (flow?.max ?? null);
  const session: AlicatSession = { line, unitId, timeoutMs, firmware, layout, fullScale };
  return { ok: true, identity: identityOf(about, session, poll.value), session };
}

/** Listens first; a stream is stopped, then dropped until it is quiet or 256 bytes have passed (§5.4). */
async function stopStream(line: ExchangeLine, unitId: string): Promise<void> {
  let heard = await line.listen(LISTEN_MS);
  for (let tries = 0; tries < STOP_TRIES && looksStreaming(heard); tries += 1) {
    await line.exchange(
      commandBytes(`@@ ${unitId}`),
      (received) =>
        received.length >= DRAIN_BYTES_MAX
          ? { type: 'frame', value: null, consumed: received.length }
          : { type: 'more' },
      { timeoutMs: 100, retries: 0 },
    );
    heard = await line.listen(LISTEN_MS);
  }
}

function askLine(line: ExchangeLine, unitId: string, command: string, timeoutMs: number, retries: number) {
  const request = unitId + command;
  return line.exchange(commandBytes(request), textScanner(request, unitId), { timeoutMs, retries });
}

/** Rows of a table, without a failure of its own: firmware may refuse it or never answer. */
async function askTable(
  line: ExchangeLine,
  unitId: string,
  command: string,
  isLast: (row: string) => boolean,
): Promise<readonly string[]> {
  const request = unitId + command;
  const table = tableScan(request, unitId, isLast);
  const reply = await line.exchange(commandBytes(request), table.scan, {
    timeoutMs: TABLE_TIMEOUT_MS,
    retries: 0,
  });
  if (reply.ok) return reply.value;
  // A damaged or refused table is none; one that merely lacked the usual last row is whole after the silence.
  return reply.code === 'timeout' ? table.lines() : [];
}

function firmwareOf(version: string, about: readonly string[]): Firmware {
  const said = parseFirmware(version);
  return said.type === 'unknown' ? parseFirmware(aboutValue(about, 9, 'Software Revision')) : said;
}

/** `A  M04 Model Number MC-500SCCM-D` → `MC-500SCCM-D`. */
function aboutValue(about: readonly string[], row: number, label: string): string {
  const found = about.find((line) => new RegExp(`^[A-Z] +M0${row} `).test(line));
  const value = found?.replace(/^[A-Z] +M\d\d +/, '').trim() ?? '';
  return value.startsWith(label) ? value.slice(label.length).trim() : value;
}

/** A layout is believed when it reads the frame just polled. */
function fitting(frame: string, layout: FrameLayout | null): FrameLayout | null {
  return layout !== null && readFrame(frame, layout).type === 'value' ? layout : null;
}

async function askFullScale(line: ExchangeLine, unitId: string, timeoutMs: number): Promise<number | null> {
  const reply = await askLine(line, unitId, 'FPF 5', timeoutMs, 1);
  if (!reply.ok) return null;
  // An absent statistic answers `+0 1 ---`.
  const [value, , label] = reply.value.split(/ +/);
  const full = number(value ?? '');
  return typeof full === 'number' && full > 0 && label !== '---' ? full : null;
}

function identityOf(about: readonly string[], session: AlicatSession, frame: string): Identity {
  const { layout, firmware, fullScale, unitId } = session;
  const fieldUnits: { [field: string]: string } = {};
  for (const field of layout.required) {
    if (field.column !== null && field.unit !== null) fieldUnits[field.column] = field.unit;
  }
  const read = readFrame(frame, layout);
  const gas =
    read.type === 'value' ? [...read.value.values].find(([field]) => field.column === 'Mix_Gas')?.[1] : null;
  return {
    manufacturer: aboutValue(about, 0, '') || 'Alicat',
    model: aboutValue(about, 4, 'Model Number'),
    serial: aboutValue(about, 5, 'Serial Number'),
    firmware: firmware.text,
    extra: {
      unit_id: unitId,
      gas: gas ?? null,
      controller: layout.required.some((field) => field.column === 'Mass_Flow_Setpt'),
      calibrated: aboutValue(about, 7, 'Date Calibrated') || null,
    },
    fieldUnits,
    fullScale: fullScale === null ? {} : { Mass_Flow: fullScale },
  };
}

/**
 * What an Alicat can be told. No write is ever repeated: when its reply is lost or damaged, the value is read back
 * (`spec/protocols.md` §0.3). Firmware gates come first: old units lock their keys on a newer command.
 */
import type { Json } from '../../record/event.ts';
import type { CommandOutcome } from '../adapter.ts';
import { commandBytes, number, textScanner } from './codec.ts';
import { hasCommand } from './firmware.ts';
import { frameScanner, type Frame } from './frame.ts';
import { gasCode, gasName } from './gas.ts';
import type { AlicatSession } from './identify.ts';

type Payload = { readonly [key: string]: Json };
type FrameReply =
  { readonly ok: true; readonly value: Frame } | { readonly ok: false; readonly detail: string };

const GP_REFUSAL = 'GP firmware takes no command but the gas';
/** Flow below this part of full scale counts as none when taring. */
const ZERO_FLOW_PART = 0.02;

export async function runCommand(
  session: AlicatSession,
  kind: string,
  payload: Payload,
): Promise<CommandOutcome> {
  switch (kind) {
    case 'set_setpoint':
      return setSetpoint(session, payload['value']);
    case 'set_gas':
      return setGas(session, payload);
    case 'tare':
      return tare(session);
    case 'hold_valves':
      return valves(session, 'HP', true);
    case 'cancel_valve_hold':
      return valves(session, 'C', false);
    default:
      return refused(`unknown command ${kind}`);
  }
}

function isController(session: AlicatSession): boolean {
  return session.layout.required.some((field) => field.column === 'Mass_Flow_Setpt');
}

async function setSetpoint(session: AlicatSession, value: Json | undefined): Promise<CommandOutcome> {
  if (!isController(session)) return refused('a meter has no setpoint');
  if (session.firmware.type === 'gp') return refused(GP_REFUSAL);
  const fullScale = session.fullScale ?? 1_000_000;
  if (typeof value !== 'number' || !Number.isFinite(value) || value < 0 || value > fullScale) {
    return refused(`setpoint: expected 0 to ${fullScale}, got ${JSON.stringify(value)}`);
  }
  const text = decimalText(value);
  const sent = { value: Number(text) };
  return hasCommand(session.firmware, 'LS')
    ? newSetpoint(session, text, sent)
    : oldSetpoint(session, text, sent);
}

/** Plain decimals, never an exponent; 4 places are finer than any full scale shows. */
function decimalText(value: number): string {
  return value.toFixed(4).replace(/(\.\d+?)0+$/, '$1');
}

/** `LS`: the reply holds current and requested setpoint. */
async function newSetpoint(session: AlicatSession, text: string, sent: Payload): Promise<CommandOutcome> {
  let reply = await askText(session, `LS ${text}`, 0);
  if (!reply.ok) reply = await askText(session, 'LS', 1);
  if (!reply.ok) return { accepted: false, detail: `setpoint not confirmed: ${reply.detail}`, sent };
  const requested = reply.value.split(/ +/)[1] ?? '';
  return compared('setpoint', Number(text), number(requested), decimals(requested), sent);
}

/** `S`: the reply is a data frame; analog setpoint source ignores it without a sign, so the column is compared. */
async function oldSetpoint(session: AlicatSession, text: string, sent: Payload): Promise<CommandOutcome> {
  let reply = await askFrame(session, `S ${text}`, 0);
  if (!reply.ok || !matches(setpointOf(reply.value), Number(text), 0.05))
    reply = await askFrame(session, '', 1);
  if (!reply.ok) return { accepted: false, detail: `setpoint not confirmed: ${reply.detail}`, sent };
  const shown = setpointOf(reply.value);
  return compared('setpoint', Number(text), shown, decimals(String(shown ?? '')), sent);
}

function setpointOf(frame: Frame): number | null {
  const value = column(frame, 'Mass_Flow_Setpt');
  return typeof value === 'number' ? value : null;
}

function column(frame: Frame, name: string): number | string | null {
  return [...frame.values].find(([field]) => field.column === name)?.[1] ?? null;
}

function decimals(token: string): number {
  return /\.(\d+)$/.exec(token)?.[1]?.length ?? 0;
}

function matches(shown: number | null, asked: number, within: number): boolean {
  return shown !== null && Math.abs(shown - asked) <= within;
}

/** The device rounds to the places it shows: half a place, and a hair for the binary fraction, is equal. */
function compared(
  what: string,
  asked: number,
  shown: number | null | undefined,
  places: number,
  sent: Payload,
): CommandOutcome {
  const within = 0.5 * 10 ** -places + 1e-9;
  if (matches(shown ?? null, asked, within)) return { accepted: true, detail: 'ok', sent };
  return { accepted: false, detail: `${what}: asked ${asked}, device shows ${shown ?? 'nothing'}`, sent };
}

async function setGas(session: AlicatSession, payload: Payload): Promise<CommandOutcome> {
  const { gas, save } = payload;
  const code = typeof gas === 'string' || typeof gas === 'number' ? gasCode(gas) : null;
  if (code === null)
    return refused(`gas: expected a known name or a number 0 to 255, got ${JSON.stringify(gas)}`);
  const sent = { gas: code, save: save === true };
  if (hasCommand(session.firmware, 'GS')) {
    let reply = await askText(session, save === true ? `GS ${code} 1` : `GS ${code}`, 0);
    if (!reply.ok) reply = await askText(session, 'GS', 1);
    if (!reply.ok) return { accepted: false, detail: `gas not confirmed: ${reply.detail}`, sent };
    return compared('gas', code, number(reply.value.split(/ +/)[0] ?? ''), 0, sent);
  }
  let reply = await askFrame(session, session.firmware.type === 'gp' ? `$$G ${code}` : `G ${code}`, 0);
  if (!reply.ok) reply = await askFrame(session, '', 1);
  if (!reply.ok) return { accepted: false, detail: `gas not confirmed: ${reply.detail}`, sent };
  const shown = column(reply.value, 'Mix_Gas');
  const name = gasName(code);
  if (name === null) return { accepted: true, detail: `sent; device shows ${shown ?? 'nothing'}`, sent };
  const fits = String(shown).toLowerCase() === name.toLowerCase();
  return {
    accepted: fits,
    detail: fits ? 'ok' : `gas: asked ${name}, device shows ${shown ?? 'nothing'}`,
    sent,
  };
}

/** Taring with gas flowing would make every later value wrong: a frame without flow must be seen first. */
async function tare(session: AlicatSession): Promise<CommandOutcome> {
  if (session.firmware.type === 'gp') return refused(GP_REFUSAL);
  const before = await askFrame(session, '', 1);
  if (!before.ok) return refused(`tare: flow unknown, ${before.detail}`);
  const setpoint = setpointOf(before.value);
  const flow = column(before.value, 'Mass_Flow');
  if (setpoint !== null && setpoint !== 0)
    return refused(`tare: expected setpoint 0, device shows ${setpoint}`);
  const limit = session.fullScale === null ? null : session.fullScale * ZERO_FLOW_PART;
  if (typeof flow !== 'number' || (limit !== null && Math.abs(flow) > limit)) {
    return refused(
      `tare: expected no flow${limit === null ? '' : ` (below ${limit})`}, device shows ${flow ?? 'nothing'}`,
    );
  }
  const reply = await askFrame(session, 'T', 0);
  return reply.ok
    ? { accepted: true, detail: `ok; flow was ${flow}`, sent: {} }
    : { accepted: false, detail: `tare not confirmed: ${reply.detail}; not repeated`, sent: {} };
}

async function valves(session: AlicatSession, command: 'HP' | 'C', held: boolean): Promise<CommandOutcome> {
  if (!isController(session)) return refused('a meter has no valve');
  if (session.firmware.type === 'gp') return refused(GP_REFUSAL);
  let reply = await askFrame(session, command, 0);
  if (!reply.ok) reply = await askFrame(session, '', 1);
  if (!reply.ok) return { accepted: false, detail: `valve hold not confirmed: ${reply.detail}`, sent: {} };
  const shown = reply.value.status.includes('HLD');
  const detail =
    shown === held
      ? 'ok'
      : `valves: asked ${held ? 'hold' : 'release'}, status shows ${shown ? '' : 'no '}HLD`;
  return { accepted: shown === held, detail, sent: {} };
}

/** Setpoint 0, read back; then a valve hold is released, or the valve would stay where it was. */
export async function makeSafe(session: AlicatSession): Promise<CommandOutcome> {
  if (!isController(session)) return { accepted: true, detail: 'a meter drives nothing', sent: {} };
  const zero = await setSetpoint(session, 0);
  const frame = await askFrame(session, '', 1);
  if (frame.ok && frame.value.status.includes('HLD')) {
    const released = await valves(session, 'C', false);
    if (!released.accepted) return { ...released, sent: zero.sent };
  }
  return zero;
}

async function askText(session: AlicatSession, command: string, retries: number) {
  const request = session.unitId + command;
  const scan = textScanner(request, session.unitId);
  return session.line.exchange(commandBytes(request), scan, { timeoutMs: session.timeoutMs, retries });
}

async function askFrame(session: AlicatSession, command: string, retries: number): Promise<FrameReply> {
  const request = session.unitId + command;
  const scan = frameScanner(request, session.unitId, session.layout);
  return session.line.exchange(commandBytes(request), scan, { timeoutMs: session.timeoutMs, retries });
}

function refused(detail: string): CommandOutcome {
  return { accepted: false, detail, sent: {} };
}

import { textParam } from '../params.ts';
import { FaultQueue } from '../faults.ts';
import { seededRandom } from '../random.ts';
import type { SimFault, SimReply, Simulator, SimulatorContext } from '../simulator.ts';
import type { World } from '../world.ts';
import { gasName } from './gas.ts';

const CR = 0x0d;
/** What the firmware takes before a CR; more is noise and is dropped. */
const COMMAND_BYTES_MAX = 64;
/** From the CR to the first byte of the answer; the wire's own time is the transport's. */
const REPLY_DELAY_MS = 4;
const FULL_SCALE_SLPM = 5;
const STREAM_INTERVAL_MS = 50;
/** Frames sent at once after a pause of the caller. */
const STREAM_BURST_MAX = 20;

const FLAGS = ['OPL', 'POV', 'P2O', 'TOV', 'VOV', 'MOV', 'TMF', 'OVR', 'COM', 'HLD', 'EXH', 'GTA', 'LCK'];

/** An MC-5SLPM-D controller with firmware 10v20, over the gas line of the world. */
export class AlicatSimulator implements Simulator {
  readonly #world: World;
  readonly #faults = new FaultQueue();
  readonly #serial: number;
  readonly #random: () => number;
  #unitId: string;
  #buffer: number[] = [];
  #gas = 8;
  #setpoint: number;
  #held = false;
  #tareOffset = 0;
  #streamingSinceMs: number | null = null;
  #answered = 0;

  constructor(context: SimulatorContext) {
    this.#world = context.world;
    this.#unitId = textParam(context.params, 'unit_id');
    this.#random = seededRandom(context.seed ^ 0xa11ca7);
    this.#serial = 500_000 + Math.floor(this.#random() * 99_999);
    this.#setpoint = context.world.flowSetpointSlpm;
  }

  get answered(): number {
    return this.#answered;
  }

  inject(fault: SimFault): void {
    this.#faults.add(fault);
  }

  receive(bytes: Uint8Array, nowMs: number): SimReply[] {
    this.#world.advance(nowMs);
    const replies = this.#stream(nowMs);
    for (const byte of bytes) {
      if (byte !== CR) {
        this.#buffer.push(byte);
        if (this.#buffer.length > COMMAND_BYTES_MAX) this.#buffer = [];
        continue;
      }
      const line = String.fromCharCode(...this.#buffer);
      this.#buffer = [];
      replies.push(...this.#command(line, nowMs));
    }
    return replies;
  }

  /** While streaming every command but the stop is ignored (`spec/protocols.md` §5.4). */
  #command(line: string, nowMs: number): SimReply[] {
    const stop = /^@@ ([A-Z])$/.exec(line);
    if (stop !== null) {
      this.#streamingSinceMs = null;
      this.#unitId = stop[1] ?? this.#unitId;
      return [];
    }
    if (this.#streamingSinceMs !== null || !line.startsWith(this.#unitId)) return [];
    const command = line.slice(1);
    if (command === '@ @') {
      this.#streamingSinceMs = nowMs;
      return [];
    }
    const reply = new TextEncoder().encode(this.#answer(command));
    const request = new TextEncoder().encode(`${line}\r`);
    const { replies, intact } = this.#faults.deliver(reply, request, REPLY_DELAY_MS);
    if (intact && command === '') this.#answered += 1;
    return replies;
  }

  #answer(command: string): string {
    const id = this.#unitId;
    const [word = '', ...words] = command.split(' ');
    switch (word) {
      case '':
        return this.#frame(id);
      case 'VE':
        return `${id}   10v20.0-R24 Jan  9 2025,15:04:07\r`;
      case '??M*':
        return this.#about();
      case '??D*':
        return this.#table();
      case 'FPF':
        return words[0] === '5' ? `${id} ${signed(FULL_SCALE_SLPM, 6, 3)} 7 SLPM\r` : `${id} +0 1 ---\r`;
      case 'LS':
        return this.#setSetpoint(words[0]);
      case 'S':
        this.#setSetpoint(words[0]);
        return this.#frame(id);
      case 'GS':
        return this.#setGas(words[0]);
      case 'T':
        if (words.length === 0) this.#tareOffset = this.#world.flowSlpm;
        return this.#frame(id);
      case 'HP':
        this.#held = true;
        this.#world.flowSetpointSlpm = this.#world.flowSlpm;
        return this.#frame(id);
      case 'C':
        this.#held = false;
        this.#world.flowSetpointSlpm = this.#setpoint;
        return this.#frame(id);
      default:
        return '?\r';
    }
  }

  #setSetpoint(text: string | undefined): string {
    const current = signed(this.#setpoint, 6, 3);
    if (text !== undefined) {
      const asked = Number(text);
      if (!/^-?\d+(\.\d+)?$/.test(text) || asked < 0 || asked > FULL_SCALE_SLPM * 1.024) return '?\r';
      this.#setpoint = Math.round(asked * 1000) / 1000;
      if (!this.#held) this.#world.flowSetpointSlpm = this.#setpoint;
    }
    return `${this.#unitId} ${current} ${signed(this.#setpoint, 6, 3)} 7 SLPM\r`;
  }

  #setGas(text: string | undefined): string {
    if (text !== undefined) {
      if (!/^\d+$/.test(text) || gasName(Number(text)) === null) return '?\r';
      this.#gas = Number(text);
    }
    const name = gasName(this.#gas) ?? '';
    return `${this.#unitId} ${this.#gas} ${name} ${name}\r`;
  }

  #frame(id: string): string {
    const world = this.#world;
    const mass = world.flowSlpm - this.#tareOffset;
    // Standard conditions 25 °C, 14.696 psia: the same gas takes more room when it is warm or thin.
    const volume = (mass * (14.696 / world.gasPressurePsia) * (world.gasTemperatureC + 273.15)) / 298.15;
    const values = [
      signed(world.gasPressurePsia, 6, 2),
      signed(world.gasTemperatureC, 6, 2),
      signed(volume, 6, 3),
      signed(mass, 6, 3),
      signed(this.#setpoint, 6, 3),
    ];
    const gas = (gasName(this.#gas) ?? '').padStart(6);
    return `${id} ${values.join(' ')} ${gas}${this.#held ? ' HLD' : ''}\r`;
  }

  #about(): string {
    return [
      'ALICAT SCIENTIFIC',
      'www.alicat.com',
      'Ph   520-290-6060',
      'info@alicat.com',
      'Model Number MC-5SLPM-D',
      `Serial Number ${this.#serial}`,
      'Date Manufactured 03/02/2025',
      'Date Calibrated   03/02/2025',
      'Calibrated By     BL',
      'Software Revision 10v20.0-R24',
    ]
      .map((text, row) => `${this.#unitId}  M0${row} ${text}\r`)
      .join('');
  }

  #table(): string {
    const rows = [
      tableRow('700', 'Unit ID', 'string', '1', ''),
      tableRow('002', 'Abs Press', 's decimal', '7/2', '010 02 PSIA'),
      tableRow('003', 'Flow Temp', 's decimal', '7/2', '002 02 `C'),
      tableRow('004', 'Volu Flow', 's decimal', '7/3', '007 02 LPM'),
      tableRow('005', 'Mass Flow', 's decimal', '7/3', '007 02 SLPM'),
      tableRow('037', 'Mass Flow Setpt', 's decimal', '7/3', '007 02 SLPM'),
      tableRow('703', 'Gas', 'string', '6', ''),
      tableRow('701', '*Error', 'string', '3', 'ADC'),
      ...FLAGS.map((flag) => tableRow('702', '*Status', 'string', '3', flag)),
    ];
    const head = 'D00 ID_ NAME______________________ TYPE_______ WIDTH NOTES___________________';
    const body = rows.map((row, index) => `D${String(index + 1).padStart(2, '0')} ${row}`);
    return [head, ...body].map((row) => `${this.#unitId} ${row}\r`).join('');
  }

  /** Frames due since the last call, without the id: a blank stands in its place. */
  #stream(nowMs: number): SimReply[] {
    if (this.#streamingSinceMs === null) return [];
    const due = Math.floor((nowMs - this.#streamingSinceMs) / STREAM_INTERVAL_MS);
    this.#streamingSinceMs += due * STREAM_INTERVAL_MS;
    const frame = new TextEncoder().encode(this.#frame(''));
    return Array.from({ length: Math.min(due, STREAM_BURST_MAX) }, () => ({ bytes: frame, delayMs: 0 }));
  }
}

function tableRow(statistic: string, name: string, type: string, width: string, notes: string): string {
  return `${statistic} ${name.padEnd(26)} ${type.padEnd(11)} ${width.padStart(5)} ${notes}`.trimEnd();
}

/** `+01.000`: sign, then `digits` characters with the point, zero padded. */
function signed(value: number, digits: number, places: number): string {
  const text = Math.abs(value).toFixed(places);
  return `${value < 0 && Number(text) !== 0 ? '-' : '+'}${text.padStart(digits, '0')}`;
}

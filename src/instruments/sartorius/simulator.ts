import { FaultQueue } from '../faults.ts';
import { seededRandom } from '../random.ts';
import type { SimFault, SimReply, Simulator, SimulatorContext } from '../simulator.ts';
import type { World } from '../world.ts';

const ESC = 0x1b;
const COMMAND_BYTES_MAX = 8;
const REPLY_DELAY_MS = 15;
/** Continuous print runs at about 60 Hz. */
const PRINT_EVERY_MS = 1000 / 60;
const PRINT_BURST_MAX = 60;
const CAPACITY_G = 1220;
const UNDERLOAD_G = -20;
/** Stable: no step beyond this for this long. */
const STEP_G = 0.005;
const STEADY_MS = 800;

/** An MSE1203S with 1 mg resolution over the sample of the world; prints when asked, and by itself when switched on. */
export class SartoriusSimulator implements Simulator {
  /** As left by somebody's menu: records at 60 Hz until ESC P stops them. */
  continuousPrint = false;
  readonly #world: World;
  readonly #faults = new FaultQueue();
  readonly #serial: string;
  #command: number[] | null = null;
  #tareG = 0;
  #stopped = false;
  #printedMs: number | null = null;
  #referenceG = Number.NaN;
  #referenceMs = 0;
  #steady = false;
  #answered = 0;

  constructor(context: SimulatorContext) {
    this.#world = context.world;
    const random = seededRandom(context.seed ^ 0x5a127);
    this.#serial = String(31_000_000 + Math.floor(random() * 999_999)).padStart(10, '0');
  }

  /** Answered prints. */
  get answered(): number {
    return this.#answered;
  }

  inject(fault: SimFault): void {
    this.#faults.add(fault);
  }

  receive(bytes: Uint8Array, nowMs: number): SimReply[] {
    this.#world.advance(nowMs);
    this.#watchStability(nowMs);
    const replies = this.#stream(nowMs);
    for (const byte of bytes) {
      if (byte === ESC) this.#command = [];
      else if (this.#command !== null) {
        this.#command.push(byte);
        const text = String.fromCharCode(...this.#command);
        if (!/^[A-Z]$|_$/.test(text)) {
          if (this.#command.length > COMMAND_BYTES_MAX) this.#command = null;
          continue;
        }
        this.#command = null;
        replies.push(...this.#carryOut(text));
      }
    }
    return replies;
  }

  #carryOut(command: string): SimReply[] {
    switch (command) {
      case 'P':
        this.#stopped = true;
        return this.#reply(command, this.#record());
      case 'T':
      case 'U':
      case 'V':
        this.#tareG = this.#world.sampleMassG;
        this.#stopped = this.#stopped && command === 'U';
        return [];
      case 'x1_':
        return this.#reply(command, 'MSE1203S-100-DR     ');
      case 'x2_':
        return this.#reply(command, `SerNo.    ${this.#serial}`);
      case 'x3_':
        return this.#reply(command, 'BAC:        00-39-21');
      default:
        return [];
    }
  }

  #reply(command: string, text: string): SimReply[] {
    const encoder = new TextEncoder();
    const request = Uint8Array.of(ESC, ...encoder.encode(command));
    const { replies, intact } = this.#faults.deliver(encoder.encode(`${text}\r\n`), request, REPLY_DELAY_MS);
    if (intact && command === 'P') this.#answered += 1;
    return replies;
  }

  #stream(nowMs: number): SimReply[] {
    if (!this.continuousPrint || this.#stopped) {
      this.#printedMs = nowMs;
      return [];
    }
    this.#printedMs ??= nowMs;
    const due = Math.floor((nowMs - this.#printedMs) / PRINT_EVERY_MS);
    this.#printedMs += due * PRINT_EVERY_MS;
    const bytes = new TextEncoder().encode(`${this.#record()}\r\n`);
    return Array.from({ length: Math.min(due, PRINT_BURST_MAX) }, () => ({ bytes, delayMs: 0 }));
  }

  /** 22 characters with CR LF: id, sign, number, unit; the unit is blank while the value moves. */
  #record(): string {
    const loadG = this.#world.sampleMassG;
    if (loadG > CAPACITY_G) return 'Stat  High          ';
    if (loadG < UNDERLOAD_G) return 'Stat  Low           ';
    const net = Math.round((loadG - this.#tareG) * 1000) / 1000;
    const number = Math.abs(net).toFixed(3).padStart(9);
    return `N     ${net < 0 ? '-' : '+'}${number} ${this.#steady ? 'g  ' : '   '}`;
  }

  #watchStability(nowMs: number): void {
    const massG = this.#world.sampleMassG;
    if (!(Math.abs(massG - this.#referenceG) <= STEP_G)) {
      this.#referenceG = massG;
      this.#referenceMs = nowMs;
    }
    this.#steady = nowMs - this.#referenceMs >= STEADY_MS;
  }
}

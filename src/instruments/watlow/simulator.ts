import { FaultQueue } from '../faults.ts';
import { numberParam, textParam } from '../params.ts';
import { seededRandom } from '../random.ts';
import type { SimFault, SimReply, Simulator, SimulatorContext } from '../simulator.ts';
import type { World } from '../world.ts';
import { encodeFrame, macOf, REPLY, REQUEST, scanFrame, type BusFrame } from './frame.ts';
import {
  fromWireTemperature,
  NO_INPUT_ERROR,
  PARAMETERS,
  toWireTemperature,
  type Parameter,
  type TemperatureUnit,
} from './parameters.ts';
import { decodeValue, encodeValue, type WireType, type WireValue } from './value.ts';

/** Round trip of the bench unit is below 50 ms; this is the part behind the wire. */
const REPLY_DELAY_MS = 8;
const BUFFER_BYTES_MAX = 2048;
/** As captured from the bench unit (`spec/protocols.md` §2.6, row 1). */
const OPEN_PROBE_F = 2531.8017578125;
const INPUT_OPEN = 65;

const ERROR = { readOnly: 0x80, noObject: 0x81, noAttribute: 0x83, noInstance: 0x84 } as const;
const BY_ID: ReadonlyMap<number, Parameter> = new Map(
  [...PARAMETERS.values()].map((parameter) => [parameter.id, parameter]),
);
/** Factory settings of what the world does not know. */
const SETTINGS: readonly (readonly [number, number])[] = [
  [1016, 138],
  [4012, 0],
  [4014, 0.5],
  [8001, 10],
  [8002, 10],
  [8003, 71],
  [8004, 62],
  [8006, 180],
  [8007, 0],
  [8008, 0],
  [8009, 25],
  [8026, 59],
  [8027, 59],
  [9001, 300],
  [9002, 32],
  [9009, 61],
  [9013, 0],
  [9014, 0],
  [17050, 30],
  [17051, 106],
];

/** A PM3R1CA-AAAAAAA over the heater of the world: one loop, heat only, silent unless asked. */
export class WatlowSimulator implements Simulator {
  /** Pulls the thermocouple off: the value goes to 2531.8 °F and the input error to open. */
  sensorOpen = false;
  readonly #world: World;
  readonly #faults = new FaultQueue();
  readonly #mac: number;
  readonly #temperature: TemperatureUnit;
  readonly #serial: number;
  readonly #settings = new Map<number, number>(SETTINGS);
  #buffer: Uint8Array = new Uint8Array();
  #answered = 0;

  constructor(context: SimulatorContext) {
    this.#world = context.world;
    this.#mac = macOf(numberParam(context.params, 'address'));
    this.#temperature = textParam(context.params, 'wire_temperature_unit') === 'C' ? 'C' : 'F';
    this.#serial = 20_000 + Math.floor(seededRandom(context.seed ^ 0x3a710)() * 79_999);
  }

  /** Good replies to reads of anything but the identity (class 1). */
  get answered(): number {
    return this.#answered;
  }

  inject(fault: SimFault): void {
    this.#faults.add(fault);
  }

  receive(bytes: Uint8Array, nowMs: number): SimReply[] {
    this.#world.advance(nowMs);
    this.#buffer = Uint8Array.of(...this.#buffer, ...bytes).slice(-BUFFER_BYTES_MAX);
    const replies: SimReply[] = [];
    for (;;) {
      const found = scanFrame(this.#buffer);
      if (found.type === 'more') return replies;
      const request = this.#buffer.slice(0, found.consumed);
      this.#buffer = this.#buffer.slice(found.consumed);
      // A bad checksum, another type of frame, another address: silence (`spec/protocols.md` §2.2).
      if (found.type !== 'frame' || found.frame.type !== REQUEST || found.frame.destination !== this.#mac)
        continue;
      replies.push(...this.#reply(found.frame, request));
    }
  }

  #reply(frame: BusFrame, request: Uint8Array): SimReply[] {
    const payload = this.#serve(frame.payload);
    if (payload === null) return [];
    const reply = encodeFrame({ type: REPLY, destination: frame.source, source: this.#mac, payload });
    const { replies, intact } = this.#faults.deliver(reply, request, REPLY_DELAY_MS);
    const isPoll = payload[1] === 0x03 && payload[3] !== 1;
    if (intact && isPoll) this.#answered += 1;
    return replies;
  }

  #serve(payload: Uint8Array): Uint8Array | null {
    const [direction, service] = payload;
    if (direction !== 0x01) return null;
    if (service === 0x03 && payload.length === 6) return this.#read(payload);
    if (service === 0x04 && payload.length > 5) return this.#write(payload);
    return null;
  }

  #read(payload: Uint8Array): Uint8Array {
    const [, , mode = 0, classId = 0, member = 0, instance = 0] = payload;
    const value = this.#value(classId * 1000 + member);
    const error = value === null ? this.#missing(classId) : this.#wrongInstance(classId, instance);
    if (error !== null || value === null) return Uint8Array.of(0x02, error ?? ERROR.noAttribute);
    return Uint8Array.of(0x02, 0x03, mode, classId, member, instance, ...encodeValue(value));
  }

  #write(payload: Uint8Array): Uint8Array {
    const [, , classId = 0, member = 0, instance = 0] = payload;
    const parameter = BY_ID.get(classId * 1000 + member);
    if (parameter === undefined || this.#value(parameter.id) === null) {
      return Uint8Array.of(0x02, this.#missing(classId));
    }
    const error = this.#wrongInstance(classId, instance);
    if (error !== null) return Uint8Array.of(0x02, error);
    const value = decodeValue(payload.subarray(5));
    if (parameter.write === null || typeof value?.value !== 'number')
      return Uint8Array.of(0x02, ERROR.readOnly);
    const { min, max } = parameter.write;
    if (value.value < min || value.value > max) return Uint8Array.of(0x02, ERROR.readOnly);
    if (parameter.id === 7001)
      this.#world.heaterSetpointC = fromWireTemperature(value.value, this.#temperature);
    else this.#settings.set(parameter.id, value.value);
    return Uint8Array.of(0x02, 0x04, ...payload.subarray(2));
  }

  #missing(classId: number): number {
    const known = [...BY_ID.keys()].some((id) => Math.floor(id / 1000) === classId);
    return known ? ERROR.noAttribute : ERROR.noObject;
  }

  /** One loop in spite of the PM3's name; alarms have four. */
  #wrongInstance(classId: number, instance: number): number | null {
    return instance >= 1 && instance <= (classId === 9 ? 4 : 1) ? null : ERROR.noInstance;
  }

  #value(id: number): WireValue | null {
    switch (id) {
      case 1001:
        return { type: 's32', value: 28 };
      case 1003:
        return { type: 's32', value: 11 };
      case 1007:
        return { type: 's32', value: this.#serial };
      case 1009:
        return { type: 'string', value: 'PM3R1CA-AAAAAAA' };
      case 1011:
        return { type: 'string', value: 'EZ-ZONE PM' };
      case 4001:
      case 8031:
        return {
          type: 'float',
          value: this.sensorOpen ? OPEN_PROBE_F : this.#wire(this.#world.heaterC, 100),
        };
      case 4002:
        return { type: 'enum', value: this.sensorOpen ? INPUT_OPEN : NO_INPUT_ERROR };
      case 7001:
        return { type: 'float', value: this.#wire(this.#world.heaterSetpointC, 10) };
      case 8011:
      case 8033:
        return { type: 'float', value: Math.round(this.#world.heaterPowerPct * 10) / 10 };
      default:
        return this.#setting(id);
    }
  }

  #wire(celsius: number, steps: number): number {
    return Math.round(toWireTemperature(celsius, this.#temperature) * steps) / steps;
  }

  #setting(id: number): WireValue | null {
    const value = this.#settings.get(id);
    const type: WireType | undefined = BY_ID.get(id)?.type;
    if (value === undefined || type === undefined || type === 'string' || type === 'packed') return null;
    return { type, value };
  }
}

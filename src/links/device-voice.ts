/** How one device speaks in the record: events with its source, log lines, status rows. */
import type { AdapterEvent, Identity } from '../instruments/adapter.ts';
import type { CommandSpec } from '../instruments/family.ts';
import type { Clock } from '../record/clock.ts';
import type { Command, Receipt } from '../record/command.ts';
import type { Json, RunEvent, Severity } from '../record/event.ts';
import type { Health, LogItem, LogLevel, StatusItem } from '../record/item.ts';
import { KIND } from '../record/taxonomy.ts';
import { portName, type RigDevice } from '../rig/rig.ts';
import { argumentUnits, commandWords } from './command-words.ts';
import type { Producer } from './producer.ts';

type Facts = { readonly [key: string]: Json };

export class DeviceVoice {
  readonly #device: RigDevice;
  readonly #clock: Clock;
  readonly #producer: Producer;
  readonly #commands: readonly CommandSpec[];
  #fieldUnits: Identity['fieldUnits'] = {};

  constructor(device: RigDevice, commands: readonly CommandSpec[], clock: Clock, producer: Producer) {
    this.#device = device;
    this.#commands = commands;
    this.#clock = clock;
    this.#producer = producer;
  }

  /** Events wait for room like everything else, but nobody waits for them: the outbox keeps their order. */
  event(kind: string, severity: Severity, message: string, metadata?: Facts): void {
    const event: RunEvent = {
      tHostMs: this.#clock.hostMs(),
      tUtcMs: this.#clock.utcMs(),
      kind,
      severity,
      source: `${this.#device.adapter}:${this.#device.name}`,
      message,
      ...(metadata === undefined ? {} : { metadata }),
    };
    void this.#producer.event(event);
  }

  adapterEvent({ kind, severity, message, metadata }: AdapterEvent): void {
    this.event(kind, severity, message, metadata);
  }

  /** One receipt per command, under the command's own name (`spec/capa.md` §2.2); `units` of asked and sent, by name. */
  receipt(command: Command, receipt: Receipt): void {
    const { name } = this.#device;
    const words = receipt.accepted ? 'accepted' : 'refused';
    const severity = receipt.accepted ? 'info' : 'warning';
    const spec = this.#commands.find(({ kind }) => kind === command.kind);
    const units = argumentUnits(spec, this.#fieldUnits);
    const why = receipt.accepted && receipt.detail === 'ok' ? '' : `: ${receipt.detail}`;
    this.event(command.kind, severity, `${commandWords(command, spec, units)} ${words} by ${name}${why}`, {
      device: name,
      command_id: command.id,
      accepted: receipt.accepted,
      detail: receipt.detail,
      asked: receipt.asked,
      sent: receipt.sent,
      units,
      issued_by: command.issuedBy,
      why: command.why,
    });
  }

  /** `before`: the instrument known under this name, when this is another one. Refused ones are not read. */
  identified(identity: Identity, before: Identity | null, refused: boolean): void {
    const { name } = this.#device;
    if (!refused) this.#fieldUnits = identity.fieldUnits;
    const swapped = before !== null;
    const who = `${identity.manufacturer} ${identity.model}, serial ${identity.serial}`;
    const news = refused ? 'another instrument answers for' : 'another instrument is now';
    this.event(
      KIND.deviceIdentified,
      swapped ? 'warning' : 'info',
      swapped ? `${news} ${name}: ${who}` : `${name} is ${who}`,
      {
        device: name,
        manufacturer: identity.manufacturer,
        model: identity.model,
        serial: identity.serial,
        firmware: identity.firmware,
        extra: identity.extra,
        ...(swapped ? { serial_before: before.serial, model_before: before.model, refused } : {}),
      },
    );
  }

  /** Bytes that were on the wire and are not in the record. An overrun loses an unknown number of them. */
  bytesLost(lostBytes: number, overruns: number): void {
    const { name } = this.#device;
    const words =
      overruns > 0
        ? `the port of ${name} overran ${overruns} times`
        : `${lostBytes} bytes of ${name} found no room`;
    this.event(KIND.gap, 'warning', words, {
      device: name,
      cause: overruns > 0 ? 'overrun' : 'wire_overflow',
      lost_bytes: lostBytes,
      overruns,
    });
  }

  logItem(level: LogLevel, event: string, fields: Facts): LogItem {
    const { name, adapter, port } = this.#device;
    return {
      type: 'log',
      tHostMs: this.#clock.hostMs(),
      tUtcMs: this.#clock.utcMs(),
      level,
      event,
      fields: { device: name, adapter, resource_id: portName(port), ...fields },
    };
  }

  statusItem(health: Health, fields: Facts): StatusItem {
    const { name, adapter } = this.#device;
    return { type: 'status', tHostMs: this.#clock.hostMs(), device: name, family: adapter, health, fields };
  }
}

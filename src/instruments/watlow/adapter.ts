import type { Json } from '../../record/event.ts';
import type { Cell } from '../../record/item.ts';
import type {
  Adapter,
  AdapterContext,
  AdapterEvent,
  AdapterRecord,
  AdapterStatus,
  CommandOutcome,
  Exchange,
  Poll,
} from '../adapter.ts';
import { numberParam, textParam } from '../params.ts';
import { runCommand } from './commands.ts';
import { inputErrorText, NO_INPUT_ERROR, PARAMETERS, wireUnit, type Parameter } from './parameters.ts';
import { identifyWatlow, read, type WatlowSession } from './session.ts';
import type { WireValue } from './value.ts';

const DOWN_AFTER = 3;
/** With no probe connected the process value is about 2530 °F; from here up the input error is read beside it. */
const IMPLAUSIBLE_F = 2500;
const IMPLAUSIBLE_C = 1371;
/** After one of these the next read would only wait as long again. */
const LINE_IS_DEAD: readonly string[] = ['timeout', 'lost', 'line_error', 'cancelled'];

/** One Watlow: every poll reads each parameter of each loop, one row each. */
export class WatlowAdapter implements Adapter {
  readonly #session: WatlowSession;
  readonly #device: string;
  readonly #parameters: readonly Parameter[];
  readonly #instances: readonly number[];
  readonly #safeSetpointC: number;
  #failures = 0;
  /** Present = failed; by parameter and loop. */
  readonly #inputErrors = new Map<string, string>();

  constructor(context: AdapterContext) {
    const { params, line, device } = context;
    this.#device = device;
    this.#session = {
      line,
      address: numberParam(params, 'address'),
      timeoutMs: numberParam(params, 'timeout_s') * 1000,
      temperature: textParam(params, 'wire_temperature_unit') === 'C' ? 'C' : 'F',
    };
    this.#parameters = (params['parameters'] as readonly string[]).flatMap(
      (name) => PARAMETERS.get(name) ?? [],
    );
    this.#instances = params['instances'] as readonly number[];
    this.#safeSetpointC = numberParam(params, 'safe_setpoint_c');
  }

  async identify(): ReturnType<Adapter['identify']> {
    const found = await identifyWatlow(this.#session);
    if (found.ok) {
      this.#failures = 0;
      this.#inputErrors.clear();
    }
    return found;
  }

  async poll(): Promise<Poll> {
    const records: AdapterRecord[] = [];
    const events: AdapterEvent[] = [];
    let failure: Poll['failure'] = null;
    for (const instance of this.#instances) {
      for (const parameter of this.#parameters) {
        const reply = await read(this.#session, { id: parameter.id, instance });
        if (!reply.ok) {
          failure ??= { code: reply.code, detail: `${parameter.name} ${instance}: ${reply.detail}` };
          if (LINE_IS_DEAD.includes(reply.code)) return this.#finished(records, events, failure);
          continue;
        }
        const status = await this.#statusOf(parameter, instance, reply.value, events);
        records.push(this.#record(parameter, instance, reply, status));
      }
    }
    return this.#finished(records, events, failure);
  }

  async command(kind: string, payload: { readonly [key: string]: Json }): Promise<CommandOutcome> {
    return runCommand(this.#session, kind, payload);
  }

  /** Every polled loop to the safe setpoint; the first that is not confirmed is told, the others are still driven. */
  async makeSafe(): Promise<CommandOutcome> {
    const outcomes: CommandOutcome[] = [];
    for (const instance of this.#instances) {
      outcomes.push(
        await runCommand(this.#session, 'set_setpoint', { value: this.#safeSetpointC, instance }),
      );
    }
    const failed = outcomes.find((outcome) => !outcome.accepted);
    return failed ?? { accepted: true, detail: 'ok', sent: { setpoint_c: this.#safeSetpointC } };
  }

  status(): AdapterStatus {
    const troubled = this.#failures > 0 || this.#inputErrors.size > 0;
    return {
      health: this.#failures >= DOWN_AFTER ? 'down' : troubled ? 'degraded' : 'ok',
      fields: {
        address: this.#session.address,
        input_error: [...this.#inputErrors.values()].join(', ') || 'none',
        failures_in_a_row: this.#failures,
      },
    };
  }

  async close(): Promise<void> {}

  #finished(
    records: readonly AdapterRecord[],
    events: readonly AdapterEvent[],
    failure: Poll['failure'],
  ): Poll {
    this.#failures = failure === null ? 0 : this.#failures + 1;
    return { records, events, failure };
  }

  /** An open thermocouple reads as a plausible number: the flag beside it decides (`spec/protocols.md` §16). */
  async #statusOf(
    parameter: Parameter,
    instance: number,
    { value }: WireValue,
    events: AdapterEvent[],
  ): Promise<string> {
    if (typeof value === 'number' && !Number.isFinite(value)) return 'source_invalid';
    if (parameter.name !== 'process_value' && parameter.name !== 'control_process_value') return 'ok';
    const implausible = this.#session.temperature === 'F' ? IMPLAUSIBLE_F : IMPLAUSIBLE_C;
    if (typeof value !== 'number' || value < implausible)
      return this.#sensor(null, parameter, instance, events);
    const flag = await read(this.#session, { id: 4002, instance });
    // Without the flag nobody can tell a furnace from a broken wire: the value is not used.
    if (!flag.ok) return 'source_invalid';
    const code = typeof flag.value.value === 'number' ? flag.value.value : Number.NaN;
    return this.#sensor(code === NO_INPUT_ERROR ? null : inputErrorText(code), parameter, instance, events);
  }

  /** One event when the probe fails and one when it is back. */
  #sensor(error: string | null, { name }: Parameter, instance: number, events: AdapterEvent[]): string {
    const key = `${name}.${instance}`;
    if (error !== (this.#inputErrors.get(key) ?? null)) {
      events.push({
        kind: error === null ? 'sensor.restored' : 'sensor.failed',
        severity: error === null ? 'info' : 'warning',
        message: `${this.#device}: input of ${name}, loop ${instance}: ${error ?? 'good again'}`,
        metadata: { device: this.#device, parameter: name, instance, input_error: error ?? 'none' },
      });
      if (error === null) this.#inputErrors.delete(key);
      else this.#inputErrors.set(key, error);
    }
    return error === null ? 'ok' : 'sensor_fail';
  }

  #record(
    parameter: Parameter,
    instance: number,
    reply: Extract<Exchange<WireValue>, { ok: true }>,
    status: string,
  ): AdapterRecord {
    const { value } = reply.value;
    const columns: { [column: string]: Cell } = {
      address: this.#session.address,
      protocol: 'stdbus',
      parameter: parameter.name,
      parameter_id: parameter.id,
      instance,
      value: typeof value === 'number' ? value : null,
      value_text: typeof value === 'number' ? null : typeof value === 'string' ? value : value.join(' '),
      unit: wireUnit(parameter.quantity, this.#session.temperature),
      status,
    };
    const { requestedHostMs, receivedHostMs, exchange } = reply;
    return { columns, requestedHostMs, receivedHostMs, exchange };
  }
}

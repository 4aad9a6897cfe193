import type { Cell } from '../../record/item.ts';
import type {
  Adapter,
  AdapterContext,
  AdapterRecord,
  AdapterStatus,
  CommandOutcome,
  Exchange,
  Poll,
} from '../adapter.ts';
import { numberParam, textParam } from '../params.ts';
import { readingScanner, sbiCommand, textScanner, type SbiReading } from './codec.ts';

/** A balance in continuous print speaks within this (`spec/protocols.md` §6.3). */
const LISTEN_MS = 250;
const DOWN_AFTER = 3;
/** After a tare the balance waits for stability: this often, this far apart, the value is read back. */
const CONFIRM_TRIES = 10;
const CONFIRM_EVERY_MS = 100;
/** Zero is zero within this many last digits. */
const ZERO_DIGITS = 5;
/** Units remembered for unstable records: a damaged letter must not become the unit of what follows. */
const MASS_UNITS: readonly string[] = ['g', 'kg', 'mg', 'ct', 'oz', 'lb'];
/** The port is gone or given up: a row per poll would say nothing. */
const NO_ROW: readonly string[] = ['lost', 'cancelled'];

/** One balance: a print on request per poll, one row each, also for a poll that failed. */
export class SartoriusAdapter implements Adapter {
  readonly #context: AdapterContext;
  readonly #timeoutMs: number;
  /** Unit of unstable records, which come without one: the last printed, at first the rig's. */
  #unit: string;
  #state = 'unknown';
  #failures = 0;

  constructor(context: AdapterContext) {
    this.#context = context;
    this.#timeoutMs = numberParam(context.params, 'timeout_s') * 1000;
    this.#unit = textParam(context.params, 'unit');
  }

  async identify(): ReturnType<Adapter['identify']> {
    const { line } = this.#context;
    await line.listen(LISTEN_MS);
    // ESC P also ends continuous print, so the questions below are answered in quiet.
    const first = await this.#print(1);
    if (!first.ok) return { ok: false, code: first.code, detail: first.detail };
    const model = await this.#ask('x1_');
    const serial = await this.#ask('x2_');
    const firmware = await this.#ask('x3_');
    this.#failures = 0;
    this.#learn(first.value);
    return {
      ok: true,
      identity: {
        manufacturer: 'Sartorius',
        model: model ?? 'balance',
        serial: serial ?? '',
        firmware: firmware ?? '',
        extra: { protocol: 'sbi' },
        fieldUnits: { value: this.#unit },
        fullScale: {},
      },
    };
  }

  async poll(): Promise<Poll> {
    const reply = await this.#print(0);
    if (reply.ok) {
      this.#failures = 0;
      this.#learn(reply.value);
      return { records: [this.#record(reply, this.#columns(reply.value))], events: [], failure: null };
    }
    this.#failures += 1;
    const { code, detail } = reply;
    const columns = { ...EMPTY, error_type: code, error_message: detail };
    const records = NO_ROW.includes(code) ? [] : [this.#record(reply, columns)];
    return { records, events: [], failure: { code, detail } };
  }

  async command(kind: string): Promise<CommandOutcome> {
    if (kind === 'tare') return this.#toZero('T', 'tare');
    if (kind === 'zero') return this.#toZero('V', 'zero');
    return { accepted: false, detail: `unknown command ${kind}`, sent: {} };
  }

  async makeSafe(): Promise<CommandOutcome> {
    return { accepted: true, detail: 'a balance drives nothing', sent: {} };
  }

  status(): AdapterStatus {
    const troubled = this.#failures > 0 || (this.#state !== 'stable' && this.#state !== 'unstable');
    return {
      health: this.#failures >= DOWN_AFTER ? 'down' : troubled ? 'degraded' : 'ok',
      fields: { protocol: 'sbi', state: this.#state, unit: this.#unit, failures_in_a_row: this.#failures },
    };
  }

  async close(): Promise<void> {}

  #print(retries: number): Promise<Exchange<SbiReading>> {
    return this.#context.line.exchange(sbiCommand('P'), readingScanner, {
      timeoutMs: this.#timeoutMs,
      retries,
    });
  }

  async #ask(command: string): Promise<string | null> {
    const options = { timeoutMs: this.#timeoutMs, retries: 0 };
    const reply = await this.#context.line.exchange(sbiCommand(command), textScanner, options);
    return reply.ok ? reply.value : null;
  }

  #learn(reading: SbiReading): void {
    if (reading.type === 'weight' && reading.unit !== null && MASS_UNITS.includes(reading.unit)) {
      this.#unit = reading.unit;
    }
    this.#state = reading.type !== 'weight' ? reading.type : reading.stable ? 'stable' : 'unstable';
  }

  #columns(reading: SbiReading): { readonly [column: string]: Cell } {
    const common = { ...EMPTY, raw: reading.raw };
    switch (reading.type) {
      case 'weight':
        return {
          ...common,
          value: reading.value,
          unit: reading.unit ?? this.#unit,
          sign: reading.sign,
          stable: reading.stable,
          decimals: reading.decimals,
        };
      case 'overload':
        return { ...common, overload: true };
      case 'underload':
        return { ...common, underload: true };
      case 'adjusting':
        return common;
      case 'error':
        return { ...common, error_type: 'device', error_message: reading.raw.trim() };
    }
  }

  #record(times: Exchange<SbiReading>, columns: { readonly [column: string]: Cell }): AdapterRecord {
    const { requestedHostMs, receivedHostMs, exchange } = times;
    return { columns, requestedHostMs, receivedHostMs, exchange };
  }

  /** Tare and zero get no answer (`spec/protocols.md` §6.1); sent once, then the value is watched until it is zero. */
  async #toZero(command: string, what: string): Promise<CommandOutcome> {
    const { line, clock } = this.#context;
    // A `Stat` line may come first; silence is the rule.
    await line.exchange(sbiCommand(command), readingScanner, { timeoutMs: CONFIRM_EVERY_MS, retries: 0 });
    let shown = 'nothing';
    for (let tries = 0; tries < CONFIRM_TRIES; tries += 1) {
      const reply = await this.#print(0);
      if (reply.ok && reply.value.type === 'weight') {
        const { value, decimals, stable, raw } = reply.value;
        if (stable && Math.abs(value) <= ZERO_DIGITS * 10 ** -decimals)
          return { accepted: true, detail: 'ok', sent: {} };
        shown = raw.trim();
      }
      await clock.sleep(CONFIRM_EVERY_MS);
    }
    return {
      accepted: false,
      detail: `${what} sent once, not confirmed: expected a stable zero, got ${shown}`,
      sent: {},
    };
  }
}

const EMPTY = {
  value: null,
  unit: null,
  sign: null,
  stable: false,
  overload: false,
  underload: false,
  decimals: null,
  protocol: 'sbi',
  raw: null,
  error_type: null,
  error_message: null,
} as const;

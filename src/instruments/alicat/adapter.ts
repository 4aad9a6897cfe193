import { KIND } from '../../record/taxonomy.ts';
import type { Cell } from '../../record/item.ts';
import type { Json } from '../../record/event.ts';
import type {
  Adapter,
  AdapterContext,
  AdapterEvent,
  AdapterStatus,
  CommandOutcome,
  Poll,
} from '../adapter.ts';
import { numberParam, textParam } from '../params.ts';
import { commandBytes } from './codec.ts';
import { makeSafe, runCommand } from './commands.ts';
import { ALICAT } from './family.ts';
import { frameScanner, type Frame } from './frame.ts';
import { identifyAlicat, type AlicatSession } from './identify.ts';

/** Failed polls in a row before the device counts as down. */
const DOWN_AFTER = 3;
const DECLARED: ReadonlySet<string> = new Set(ALICAT.columns.map((column) => column.name));

/** One Alicat: identify, then one wide row per poll. */
export class AlicatAdapter implements Adapter {
  readonly #context: AdapterContext;
  readonly #unitId: string;
  readonly #timeoutMs: number;
  #session: AlicatSession | null = null;
  #lastStatus: readonly string[] = [];
  #failures = 0;
  readonly #warned = new Set<string>();

  constructor(context: AdapterContext) {
    this.#context = context;
    this.#unitId = textParam(context.params, 'unit_id');
    this.#timeoutMs = numberParam(context.params, 'timeout_s') * 1000;
  }

  async identify(): ReturnType<Adapter['identify']> {
    // Firmware, units and layout of the unit that was here before are not those of the one that is here now.
    this.#session = null;
    const found = await identifyAlicat(this.#context.line, this.#unitId, this.#timeoutMs);
    if (!found.ok) return { ok: false, code: found.code, detail: found.detail };
    this.#session = found.session;
    this.#failures = 0;
    return { ok: true, identity: found.identity };
  }

  async poll(): Promise<Poll> {
    const session = this.#identified();
    const scan = frameScanner(this.#unitId, this.#unitId, session.layout);
    // A late reply looks like the next one, and a poll that failed is over anyway: no retry (`spec/protocols.md` §0.2).
    const options = { timeoutMs: this.#timeoutMs, retries: 0 };
    const reply = await this.#context.line.exchange(commandBytes(this.#unitId), scan, options);
    if (!reply.ok) {
      this.#failures += 1;
      return { records: [], events: [], failure: { code: reply.code, detail: reply.detail } };
    }
    this.#failures = 0;
    this.#lastStatus = reply.value.status;
    const { columns, unknown } = this.#columns(reply.value);
    const { requestedHostMs, receivedHostMs, exchange } = reply;
    return {
      records: [{ columns, requestedHostMs, receivedHostMs, exchange }],
      events: this.#warnings(unknown),
      failure: null,
    };
  }

  async command(kind: string, payload: { readonly [key: string]: Json }): Promise<CommandOutcome> {
    return runCommand(this.#identified(), kind, payload);
  }

  async makeSafe(): Promise<CommandOutcome> {
    if (this.#session === null)
      return { accepted: false, detail: 'not identified: nothing was sent', sent: {} };
    return makeSafe(this.#session);
  }

  status(): AdapterStatus {
    const troubled = this.#failures > 0 || this.#lastStatus.length > 0;
    return {
      health: this.#failures >= DOWN_AFTER ? 'down' : troubled ? 'degraded' : 'ok',
      fields: {
        unit_id: this.#unitId,
        status: this.#lastStatus.join(' '),
        failures_in_a_row: this.#failures,
      },
    };
  }

  async close(): Promise<void> {
    this.#session = null;
  }

  #identified(): AlicatSession {
    if (this.#session === null) throw new Error(`${this.#context.device}: used before it was identified`);
    return this.#session;
  }

  /** A field without a declared column keeps its own name; the seal gathers such into `extra_json`. */
  #columns(frame: Frame) {
    const columns: { [column: string]: Cell } = { unit_id: this.#unitId };
    const unknown: string[] = [];
    for (const [field, value] of frame.values) {
      if (field.column === null || !DECLARED.has(field.column)) {
        const name = DECLARED.has(field.name) ? `${field.name} (device)` : field.name;
        columns[name] = value;
        unknown.push(name);
        continue;
      }
      columns[field.column] = value;
      if (field.type === 'number') columns[`${field.column}_unit`] = field.unit;
    }
    columns['status'] = frame.status.join(' ');
    return { columns, unknown };
  }

  #warnings(unknown: readonly string[]): AdapterEvent[] {
    const fresh = unknown.filter((name) => !this.#warned.has(name));
    for (const name of fresh) this.#warned.add(name);
    return fresh.map((name) => ({
      kind: KIND.unknownField,
      severity: 'warning',
      message: `${this.#context.device} sends a field without a column: ${name} goes to extra_json`,
      metadata: { device: this.#context.device, field: name },
    }));
  }
}

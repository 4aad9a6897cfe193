/** An instrument as small as a link can see: `ID`, `R` and `S <n>`, each line with a sum, every fault of the brief. */
import type {
  Adapter,
  AdapterContext,
  CommandOutcome,
  Exchange,
  Poll,
  Scanner,
} from '../../../src/instruments/adapter.ts';
import type { Family } from '../../../src/instruments/family.ts';
import type { Params } from '../../../src/instruments/params.ts';
import type { SimFault, SimReply, Simulator } from '../../../src/instruments/simulator.ts';
import type { Json } from '../../../src/record/event.ts';

const encode = (text: string) => new TextEncoder().encode(text);
const decode = (bytes: Uint8Array) => new TextDecoder('latin1').decode(bytes);

function sum(text: string): string {
  let total = 0;
  for (const char of text) total = (total * 31 + char.charCodeAt(0)) & 0xff;
  return total.toString(16).padStart(2, '0');
}
const framed = (text: string) => encode(`<${text}*${sum(text)}\r`);

/** One line `<text*sum CR`; an exact copy of the request first is an echo, anything before `<` garbage. */
function toyScanner(request: Uint8Array): Scanner<string> {
  const echo = decode(request);
  return (received) => {
    const text = decode(received);
    if (text.startsWith(echo)) return { type: 'skip', consumed: echo.length, why: 'echo' };
    const start = text.indexOf('<');
    if (start > 0) return { type: 'skip', consumed: start, why: 'garbage' };
    if (start < 0 && text.length > 0) {
      return echo.startsWith(text)
        ? { type: 'more' }
        : { type: 'skip', consumed: text.length, why: 'garbage' };
    }
    const end = text.indexOf('\r');
    if (end < 0) return { type: 'more' };
    const [body = '', check = ''] = text.slice(1, end).split('*');
    if (check !== sum(body))
      return { type: 'bad', code: 'crc', detail: `sum ${check}, expected ${sum(body)}`, consumed: end + 1 };
    return { type: 'frame', value: body, consumed: end + 1 };
  };
}

export class ToySimulator implements Simulator {
  answered = 0;
  serial = 'T1';
  value = 0;
  setpoint = 0;
  delayMs = 5;
  /** Answers nothing at all while false. */
  speaks = true;
  readonly heard: string[] = [];
  #pending = '';
  #faults: SimFault[] = [];

  inject(fault: SimFault): void {
    this.#faults.push(fault);
  }

  receive(bytes: Uint8Array): SimReply[] {
    this.#pending += decode(bytes);
    const lines = this.#pending.split('\r');
    this.#pending = lines.pop() ?? '';
    return lines.flatMap((line) => this.#answer(line));
  }

  #answer(line: string): SimReply[] {
    this.heard.push(line);
    if (!this.speaks) return [];
    const good = framed(this.#text(line));
    const { delayMs } = this;
    const fault = this.#faults.shift();
    if (fault === undefined) {
      this.answered += 1;
      return [{ bytes: good, delayMs }];
    }
    switch (fault.type) {
      case 'silent':
        return [];
      case 'cut':
        return [{ bytes: good.slice(0, fault.bytes), delayMs }];
      case 'flip-bit':
        return [{ bytes: good.map((byte, at) => (at === 2 ? byte ^ (1 << fault.bit) : byte)), delayMs }];
      case 'garbage-before':
        this.answered += 1;
        return [{ bytes: Uint8Array.of(...fault.bytes, ...good), delayMs }];
      case 'glue':
        this.answered += 1;
        return [{ bytes: Uint8Array.of(...good, ...good), delayMs }];
      case 'late':
        return [{ bytes: good, delayMs: fault.ms }];
      case 'split':
        this.answered += 1;
        return Array.from({ length: Math.ceil(good.length / fault.everyBytes) }, (_none, part) => ({
          bytes: good.slice(part * fault.everyBytes, (part + 1) * fault.everyBytes),
          delayMs: delayMs + part * fault.gapMs,
        }));
      case 'echo':
        this.answered += 1;
        return [{ bytes: Uint8Array.of(...encode(`${line}\r`), ...good), delayMs }];
    }
  }

  #text(line: string): string {
    if (line === 'ID') return `TOY ${this.serial}`;
    if (line === 'R') return `V ${(this.value += 1)}`;
    this.setpoint = Number(line.slice(2));
    return `OK ${this.setpoint}`;
  }
}

class ToyAdapter implements Adapter {
  readonly #context: AdapterContext;

  constructor(context: AdapterContext) {
    this.#context = context;
  }

  async identify(): ReturnType<Adapter['identify']> {
    const reply = await this.#ask('ID', 0);
    if (!reply.ok) return reply;
    return {
      ok: true,
      identity: {
        manufacturer: 'ACME',
        model: 'TOY',
        serial: reply.value.slice(4),
        firmware: '1',
        extra: {},
        fieldUnits: { value: 'SCCM' },
        fullScale: {},
      },
    };
  }

  async poll(): Promise<Poll> {
    const { params } = this.#context;
    if (params['breaks'] === true) throw new Error('the toy broke');
    const reply = await this.#ask('R', Number(params['retries'] ?? 0));
    if (!reply.ok) return { records: [], events: [], failure: { code: reply.code, detail: reply.detail } };
    const { requestedHostMs, receivedHostMs, exchange, value } = reply;
    const columns = { value: Number(value.slice(2)) };
    return { records: [{ columns, requestedHostMs, receivedHostMs, exchange }], events: [], failure: null };
  }

  async command(kind: string, payload: { readonly [key: string]: Json }): Promise<CommandOutcome> {
    const value = Number(payload['value']);
    const reply = await this.#ask(`S ${value}`, 0);
    return { accepted: reply.ok, detail: reply.ok ? 'ok' : `${kind}: ${reply.detail}`, sent: { value } };
  }

  makeSafe(): Promise<CommandOutcome> {
    return this.command('set_setpoint', { value: 0 });
  }

  status() {
    return { health: 'ok' as const, fields: { toy: true } };
  }

  async close(): Promise<void> {}

  #ask(text: string, retries: number): Promise<Exchange<string>> {
    const request = encode(`${text}\r`);
    return this.#context.line.exchange(request, toyScanner(request), { timeoutMs: 100, retries });
  }
}

export const toyParams = (rate_hz: number, more: { [key: string]: Json } = {}): Params => ({
  ...more,
  rate_hz,
});

export const TOY: Family = {
  declaration: {
    id: 'toy',
    title: 'Toy',
    layout: 'wide_row',
    columns: [{ name: 'value', type: 'int' }],
    fields: [
      {
        field: 'value',
        title: 'Value',
        unit: null,
        channelKind: 'mfc_flow',
        plotGroup: 'flows',
        offered: true,
      },
      {
        field: 'hidden',
        title: 'Hidden',
        unit: 's',
        channelKind: 'analog_in',
        plotGroup: 'x',
        offered: false,
      },
    ],
    commands: [
      {
        kind: 'set_setpoint',
        title: 'Setpoint',
        arguments: [{ name: 'value', title: 'Setpoint', type: 'number', unitField: 'value' }],
        confirm: 'none',
      },
    ],
    lines: [
      { baudRate: 9600, dataBits: 8, parity: 'none', stopBits: 1, flowControl: 'none' },
      { baudRate: 115200, dataBits: 8, parity: 'none', stopBits: 1, flowControl: 'none' },
    ],
    identifyTimeoutMs: 500,
    frameLimitMs: 100,
    parseParams: (raw) => {
      const baud = raw['baud'] ?? 9600;
      if (typeof baud !== 'number') return { ok: false, problems: [] };
      return { ok: true, params: toyParams(10, { baud }) };
    },
    lineOf: (params) => ({
      baudRate: Number(params['baud'] ?? 9600),
      dataBits: 8,
      parity: 'none',
      stopBits: 1,
      flowControl: 'none',
    }),
    readField: (columns, { field }) => {
      const raw = columns[field];
      return raw === undefined ? null : { raw, unit: null, status: 'ok' };
    },
  },
  createAdapter: (context) => new ToyAdapter(context),
  createSimulator: () => new ToySimulator(),
};

/**
 * Commands between threads: comlink, wrapped once. One MessagePort carries calls in both directions; every call has a
 * timeout, may be aborted, and fails with the code and message the other side threw.
 */
import * as comlink from 'comlink';

/** Nothing came back in time, the caller gave up, or the other side threw (then with its `code`). */
export class CallError extends Error {
  readonly code: string;
  constructor(code: string, message: string) {
    super(message);
    this.name = 'CallError';
    this.code = code;
  }
}

export interface CallOptions {
  /** `Infinity` = wait for ever (only for calls that report progress or can be aborted). */
  readonly timeoutMs?: number;
  /** Rejects the call here with the signal's reason. To stop the work itself pass a signal as an argument. */
  readonly signal?: AbortSignal;
}

/** The other side's methods, plus two of our own. */
export type Remote<T> = T & {
  /** The same methods with other limits: `remote.with({ timeoutMs: 60_000 }).closeRun(outcome)`. */
  with(options: CallOptions): T;
  /** Rejects what is pending with code `closed` and closes the port. */
  close(): void;
};

const DEFAULT_TIMEOUT_MS = 5000;

/**
 * Exposes `localApi` to the other end and returns its API. Both ends call this once with their own half.
 * Function arguments (progress callbacks) and AbortSignals cross the port; everything else is cloned.
 */
export function connectControl<T extends object>(
  port: MessagePort,
  localApi: object,
  options: { readonly timeoutMs?: number } = {},
): Remote<T> {
  // Requests and replies do not collide on one port: `expose` ignores what is no request, `wrap` ids that are not its own.
  comlink.expose(localApi, port);
  const calls = new Calls(port, options.timeoutMs ?? DEFAULT_TIMEOUT_MS);
  const own = {
    with: (other: CallOptions) => calls.proxy(other),
    close: () => calls.close(),
  };
  // The methods are known only to the type: the proxy makes them on demand.
  return new Proxy(calls.proxy({}), {
    get: (target, name) => Reflect.get(Object.hasOwn(own, name) ? own : target, name) as unknown,
  }) as Remote<T>;
}

type Method = (...args: readonly unknown[]) => Promise<unknown>;

/** Comlink tells the other end to close when its proxy is collected: an unused remote must not end the link. */
const held = new Set<Calls>();

class Calls {
  readonly #port: MessagePort;
  readonly #remote: { readonly [name: string]: Method };
  readonly #timeoutMs: number;
  readonly #pending = new Set<(error: Error) => void>();
  #closed = false;

  constructor(port: MessagePort, timeoutMs: number) {
    this.#port = port;
    this.#timeoutMs = timeoutMs;
    this.#remote = comlink.wrap<{ readonly [name: string]: Method }>(port) as unknown as {
      readonly [name: string]: Method;
    };
    held.add(this);
  }

  proxy(options: CallOptions): object {
    return new Proxy(
      {},
      {
        get: (_target, name) => {
          // A remote that is awaited or printed by accident must not become a call.
          if (typeof name === 'symbol' || name === 'then' || name === 'toJSON') return undefined;
          return (...args: readonly unknown[]) => this.#call(name, args, options);
        },
      },
    );
  }

  close(): void {
    this.#closed = true;
    held.delete(this);
    for (const reject of [...this.#pending]) reject(new CallError('closed', 'the port was closed'));
    this.#port.close();
  }

  #call(name: string, args: readonly unknown[], options: CallOptions): Promise<unknown> {
    const timeoutMs = options.timeoutMs ?? this.#timeoutMs;
    const { signal } = options;
    return new Promise((resolve, reject) => {
      let timer: ReturnType<typeof setTimeout> | undefined;
      const onAbort = () => settle(() => reject(toError(signal?.reason)));
      const fail = (error: Error) => settle(() => reject(error));
      const settle = (outcome: () => void) => {
        clearTimeout(timer);
        signal?.removeEventListener('abort', onAbort);
        this.#pending.delete(fail);
        outcome();
      };
      if (this.#closed) return fail(new CallError('closed', `${name}: the port was closed`));
      if (signal?.aborted === true) return onAbort();
      signal?.addEventListener('abort', onAbort, { once: true });
      this.#pending.add(fail);
      if (Number.isFinite(timeoutMs)) {
        const late = () => fail(new CallError('timeout', `${name}: no answer within ${timeoutMs} ms`));
        timer = setTimeout(late, timeoutMs);
      }
      const method = this.#remote[name];
      if (method === undefined) return fail(new CallError('closed', `${name}: no such remote`));
      method(...args.map(crossing)).then(
        (value) => settle(() => resolve(value)),
        (error: unknown) => fail(toError(error)),
      );
    });
  }
}

/** Functions go as comlink proxies; they live until the callee's copy is collected. */
function crossing(value: unknown): unknown {
  return typeof value === 'function' ? comlink.proxy(value) : value;
}

function toError(reason: unknown): Error {
  if (reason instanceof Error) return reason;
  return new CallError('aborted', typeof reason === 'string' ? reason : 'the call was given up');
}

interface Thrown {
  readonly value: unknown;
}
interface ThrownOnWire {
  readonly isError: boolean;
  readonly value: unknown;
}

/** Comlink sends name, message and stack of an error; the stable `code` must cross as well. */
function keepErrorCodes(): void {
  const plain = comlink.transferHandlers.get('throw') as comlink.TransferHandler<Thrown, ThrownOnWire>;
  const withCode: comlink.TransferHandler<Thrown, ThrownOnWire> = {
    canHandle: (value): value is Thrown => plain.canHandle(value),
    serialize: (thrown) => {
      const [onWire, transfer] = plain.serialize(thrown);
      const code = codeOf(thrown.value);
      if (code === null || !onWire.isError) return [onWire, transfer];
      return [{ isError: true, value: { ...(onWire.value as object), code } }, transfer];
    },
    deserialize: (onWire) => plain.deserialize(onWire),
  };
  comlink.transferHandlers.set('throw', withCode);
}

function codeOf(error: unknown): string | null {
  const code: unknown = error instanceof Error && 'code' in error ? error.code : null;
  return typeof code === 'string' ? code : null;
}

type SignalOnWire = { readonly aborted: boolean; readonly port: MessagePort };

/** An AbortSignal crosses as a port that says once when it fires. */
function letSignalsCross(): void {
  const handler: comlink.TransferHandler<AbortSignal, SignalOnWire> = {
    canHandle: (value): value is AbortSignal => value instanceof AbortSignal,
    serialize: (signal) => {
      const { port1, port2 } = new MessageChannel();
      signal.addEventListener('abort', () => port1.postMessage(null), { once: true });
      return [{ aborted: signal.aborted, port: port2 }, [port2]];
    },
    deserialize: ({ aborted, port }) => {
      const controller = new AbortController();
      if (aborted) controller.abort();
      port.onmessage = () => {
        port.close();
        controller.abort();
      };
      return controller.signal;
    },
  };
  comlink.transferHandlers.set('abort-signal', handler);
}

keepErrorCodes();
letSignalsCross();

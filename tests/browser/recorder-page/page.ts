/** Page of the test: in the conductor's place it starts the real recorder worker and talks to it. */
import { OpfsDirectory } from '../../../src/storage/opfs-directory.ts';
import { SLOT_FOLDER } from '../../../src/storage/folders.ts';
import { decodeHeader } from '../../../src/storage/slot-header.ts';
import type { SlotHeader } from '../../../src/storage/slot.ts';
import type { Envelope } from '../../../src/record/item.ts';
import { connectControl } from '../../../src/wire/call.ts';
import type {
  RecorderControl,
  RecorderFrame,
  RecorderStart,
  WorkerReady,
} from '../../../src/wire/messages.ts';

const CONTENT = 4096;

class RecorderPage {
  readonly frames: RecorderFrame[] = [];
  #worker: Worker | null = null;
  #control: RecorderControl | null = null;
  #data: MessagePort | null = null;

  /** Milliseconds until the worker was ready. */
  async start(): Promise<number> {
    const startedMs = performance.now();
    const control = new MessageChannel();
    const data = new MessageChannel();
    const worker = new Worker(new URL('../../../workers/recorder.ts', import.meta.url), { type: 'module' });
    const ready = new Promise<WorkerReady>((resolve, reject) => {
      worker.onmessage = ({ data: answer }: MessageEvent<WorkerReady>) => resolve(answer);
      worker.onerror = (event) => reject(new Error(event.message));
    });
    const ports = { control: control.port2, data: data.port2 };
    const start: RecorderStart = { type: 'start', epochMs: Date.now(), ports, buildHash: 'test' };
    worker.postMessage(start, [control.port2, data.port2]);
    this.#worker = worker;
    this.#data = data.port1;
    this.#control = connectControl<RecorderControl>(control.port1, {}, { timeoutMs: 60_000 });
    data.port1.onmessage = ({ data: frame }: MessageEvent<RecorderFrame>) => this.frames.push(frame);
    const answer = await ready;
    if (answer.type === 'fatal') throw new Error(`${answer.code}: ${answer.detail}`);
    return performance.now() - startedMs;
  }

  /** As a page that goes away does. */
  terminate(): void {
    this.#worker?.terminate();
  }

  call(method: keyof RecorderControl, args: readonly unknown[]): Promise<unknown> {
    const control = this.#control as unknown as Record<
      string,
      (...args: readonly unknown[]) => Promise<unknown>
    >;
    return control[method]?.(...args) ?? Promise.reject(new Error(method));
  }

  /** A list of envelopes without bytes in them, as JSON. */
  send(json: string): void {
    for (const envelope of JSON.parse(json) as Envelope[])
      this.#data?.postMessage({ type: 'emit', items: [envelope] });
  }

  async headers(): Promise<SlotHeader[]> {
    const directory = await OpfsDirectory.open(SLOT_FOLDER);
    const headers: SlotHeader[] = [];
    for (const name of await directory.names()) {
      const head = (await directory.blob(name))?.slice(0, CONTENT);
      const header = decodeHeader(name, new Uint8Array((await head?.arrayBuffer()) ?? new ArrayBuffer(0)));
      if (header !== null) headers.push(header);
    }
    return headers;
  }

  /** Content of a slot, base64. */
  async content(header: SlotHeader): Promise<string> {
    const blob = await (await OpfsDirectory.open(SLOT_FOLDER)).blob(header.slot);
    const bytes = new Uint8Array(
      (await blob?.slice(CONTENT, CONTENT + header.bytes).arrayBuffer()) ?? new ArrayBuffer(0),
    );
    let text = '';
    for (const byte of bytes) text += String.fromCharCode(byte);
    return btoa(text);
  }
}

interface PolicyFactory {
  createPolicy(name: string, rules: { createScriptURL(url: string): string }): unknown;
}
(globalThis as unknown as { trustedTypes: PolicyFactory }).trustedTypes.createPolicy('default', {
  createScriptURL: (url) => url,
});

declare global {
  var recorderPage: RecorderPage;
}
globalThis.recorderPage = new RecorderPage();

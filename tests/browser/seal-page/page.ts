import type { BundleControl, BundleStart, Progress } from '../../../src/bundle/types.ts';
import { exportBundle } from '../../../src/export/export-bundle.ts';
import { exportMembersToDirectory } from '../../../src/export/to-directory.ts';
import { installTrustedTypes } from '../../../src/platform/trusted-types.ts';
import { connectControl } from '../../../src/wire/call.ts';

installTrustedTypes(globalThis);

function openBundles(): BundleControl {
  const worker = new Worker(new URL('../../../workers/bundle.ts', import.meta.url), { type: 'module' });
  const { port1, port2 } = new MessageChannel();
  const start: BundleStart = { type: 'start', control: port2, buildHash: 'test' };
  worker.postMessage(start, [port2]);
  return connectControl<BundleControl>(port1, {}, { timeoutMs: Infinity });
}

async function ask(message: { count: number } | { slot: string; offset: number }): Promise<unknown> {
  const worker = new Worker(new URL('./recorder.ts', import.meta.url), { type: 'module' });
  const answer = await new Promise<{ ok: boolean; value: unknown; error: string }>((done, refused) => {
    worker.onmessage = ({ data }) => done(data as { ok: boolean; value: unknown; error: string });
    worker.onerror = (event) => refused(new Error(event.message));
    worker.postMessage(message);
  });
  worker.terminate();
  if (!answer.ok) throw new Error(answer.error);
  return answer.value;
}

async function stick(name: string): Promise<FileSystemDirectoryHandle> {
  return (await navigator.storage.getDirectory()).getDirectoryHandle(name, { create: true });
}

const bundles = openBundles();
const quiet = (p: Progress): void => void p;

const sealPage = {
  record: (count: number) => ask({ count }),
  seal: async (runId: string) => {
    const phases = new Set<string>();
    const startedMs = performance.now();
    const result = await bundles.seal(runId, ({ phase }) => phases.add(phase));
    return { result, phases: [...phases], ms: performance.now() - startedMs };
  },
  list: () => bundles.list(),
  members: (runId: string) => bundles.members(runId),
  verify: (runId: string) => bundles.verify(runId, quiet),
  flip: (slot: string, offset: number) => ask({ slot, offset }),
  /** The picker cannot be answered without a person; what is written and read there is real. */
  exportZip: async (runId: string) => {
    const directory = await stick('stick');
    Object.assign(globalThis, { showDirectoryPicker: () => Promise.resolve(directory) });
    return exportBundle(runId, 'directory', await bundles.members(runId), quiet);
  },
  exportMembers: async (runId: string) => {
    const slots = await (await stick('benchseal')).getDirectoryHandle('slots');
    return exportMembersToDirectory(
      {
        runId,
        members: await bundles.members(runId),
        slotBlob: async (slot) => (await slots.getFileHandle(slot)).getFile(),
        progress: quiet,
        utcMs: () => Date.now(),
      },
      await stick('folder'),
    );
  },
  exported: async (folder: string, name: string) => {
    const file = await (await (await stick(folder)).getFileHandle(name)).getFile();
    let text = '';
    for (const byte of new Uint8Array(await file.arrayBuffer())) text += String.fromCharCode(byte);
    return btoa(text);
  },
};

export type SealPage = typeof sealPage;
Object.assign(globalThis, { sealPage });

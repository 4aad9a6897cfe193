import type { Browser } from 'playwright-core';

interface TargetInfo {
  readonly targetId: string;
  readonly type: string;
  readonly url: string;
}
interface LogMessage {
  readonly method?: string;
  readonly params?: {
    readonly entry?: { readonly level: string; readonly text: string };
    readonly exceptionDetails?: {
      readonly text: string;
      readonly exception?: { readonly description?: string };
    };
  };
}

function complaintIn(text: string): string | null {
  const { method, params } = JSON.parse(text) as LogMessage;
  if (method === 'Log.entryAdded' && params?.entry?.level === 'error') return params.entry.text;
  if (method === 'Runtime.exceptionThrown')
    return params?.exceptionDetails?.exception?.description ?? params?.exceptionDetails?.text ?? 'exception';
  return null;
}

export interface SharedWorkerWatch {
  /** Lets go of the workers: one that is killed while it is watched comes back stopped, waiting for its debugger. */
  release(): Promise<void>;
}

/**
 * Playwright does not report what a SharedWorker throws or violates; the protocol does. Attaches to each one as it
 * appears and tells its errors.
 */
export async function watchSharedWorkers(
  browser: Browser,
  onComplaint: (text: string) => void,
): Promise<SharedWorkerWatch> {
  const session = await browser.newBrowserCDPSession();
  const attached: string[] = [];
  const attach = async ({ targetId, type }: TargetInfo): Promise<void> => {
    if (type !== 'shared_worker') return;
    const { sessionId } = await session.send('Target.attachToTarget', { targetId, flatten: false });
    attached.push(sessionId);
    for (const [index, method] of ['Runtime.enable', 'Log.enable'].entries())
      await session.send('Target.sendMessageToTarget', {
        sessionId,
        message: JSON.stringify({ id: index + 1, method }),
      });
  };
  session.on('Target.targetCreated', ({ targetInfo }) => {
    attach(targetInfo).catch(() => undefined); // gone again before we could look
  });
  session.on('Target.receivedMessageFromTarget', ({ message }) => {
    const text = complaintIn(message);
    if (text !== null) onComplaint(text);
  });
  await session.send('Target.setDiscoverTargets', { discover: true });
  return {
    async release() {
      for (const sessionId of attached.splice(0))
        await session.send('Target.detachFromTarget', { sessionId });
    },
  };
}

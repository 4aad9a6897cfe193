import type { Browser, CDPSession } from 'playwright-core';

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

/**
 * Playwright does not report what a SharedWorker throws or violates; the protocol does. Attaches to each one as it
 * appears and tells its errors.
 */
export async function watchSharedWorkers(
  browser: Browser,
  onComplaint: (text: string) => void,
): Promise<CDPSession> {
  const session = await browser.newBrowserCDPSession();
  const attach = async ({ targetId, type }: TargetInfo): Promise<void> => {
    if (type !== 'shared_worker') return;
    const { sessionId } = await session.send('Target.attachToTarget', { targetId, flatten: false });
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
  return session;
}

/**
 * Offline: every file of the build is precached with its headers; nothing is cached at run time, no state is kept.
 * A new version waits until a page that has no open run tells it to take over.
 */
import { clientsClaim } from 'workbox-core';
import {
  cleanupOutdatedCaches,
  createHandlerBoundToURL,
  matchPrecache,
  precacheAndRoute,
} from 'workbox-precaching';
import { NavigationRoute, registerRoute } from 'workbox-routing';

declare const self: ServiceWorkerGlobalScope & {
  readonly __WB_MANIFEST: readonly { readonly url: string; readonly revision: string | null }[];
};

const SHELL = '/index.html';
/** Without these a cached page loses its isolation, so its clocks (`design.md` §4) and its policy. */
const HEADERS = [
  'Cross-Origin-Opener-Policy',
  'Cross-Origin-Embedder-Policy',
  'Content-Security-Policy',
] as const;

precacheAndRoute([...self.__WB_MANIFEST]);
cleanupOutdatedCaches();
registerRoute(new NavigationRoute(createHandlerBoundToURL(SHELL)));
clientsClaim();

/** The stored shell carries its headers; a server that sent it without them must not become the offline version. */
async function assertShellHeaders(): Promise<void> {
  const shell = await matchPrecache(SHELL);
  const missing = HEADERS.filter((name) => !shell?.headers.has(name));
  if (missing.length > 0) throw new Error(`${SHELL} was served without ${missing.join(', ')}`);
}

self.addEventListener('activate', (event) => event.waitUntil(assertShellHeaders()));
self.addEventListener('message', (event) => {
  const message: unknown = event.data;
  if (typeof message === 'object' && message !== null && 'type' in message && message.type === 'skip-waiting')
    event.waitUntil(self.skipWaiting());
});

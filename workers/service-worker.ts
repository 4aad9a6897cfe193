/**
 * Offline: every file of the build is precached with its headers; nothing is cached at run time, no state is kept.
 * A new version waits until a page that has no open run tells it to take over.
 */
import { clientsClaim } from 'workbox-core';
import { addPlugins, cleanupOutdatedCaches, matchPrecache, precacheAndRoute } from 'workbox-precaching';

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

/** The stored files keep the server's headers. A server that leaves them out must not become the offline version. */
function hasHeaders(response: Response): boolean {
  return HEADERS.every((name) => response.headers.has(name));
}

/** Navigation: the page itself if it is part of the build, else the app. First, so that Workbox does not answer too. */
self.addEventListener('fetch', (event) => {
  if (event.request.mode !== 'navigate') return;
  event.stopImmediatePropagation();
  const answer = async () =>
    (await matchPrecache(new URL(event.request.url).pathname)) ??
    (await matchPrecache(SHELL)) ??
    fetch(event.request);
  event.respondWith(answer());
});

// Refusing one file fails the whole installation: the version before stays.
addPlugins([
  {
    cacheWillUpdate: ({ response }) =>
      Promise.resolve(response.status === 200 && hasHeaders(response) ? response : null),
  },
]);
precacheAndRoute([...self.__WB_MANIFEST]);
cleanupOutdatedCaches();
clientsClaim();

self.addEventListener('message', (event) => {
  const message: unknown = event.data;
  if (typeof message === 'object' && message !== null && 'type' in message && message.type === 'skip-waiting')
    event.waitUntil(self.skipWaiting());
});

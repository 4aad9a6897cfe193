interface TrustedScriptUrlPolicies {
  createPolicy(name: string, rules: { createScriptURL(url: string): string }): unknown;
}

/**
 * Worker scripts of the build: `/assets/<name>-<hash>.js`, the conductor without a hash (a shared worker is known by its
 * URL), or the sources in development.
 */
const BUILT = /^\/assets\/(conductor|(recorder|instrument|bundle)-[\w-]{8,})\.js$/;
const SOURCE = /^\/workers\/(conductor|recorder|instrument|bundle)\.ts$/;
const SERVICE_WORKER = '/service-worker.js';

/** True for the worker scripts of this build, on this origin, and nothing else. */
export function isOwnWorkerUrl(url: string, origin: string): boolean {
  const parsed = URL.parse(url, origin);
  if (parsed === null || parsed.origin !== origin) return false;
  const { pathname } = parsed;
  return pathname === SERVICE_WORKER || BUILT.test(pathname) || SOURCE.test(pathname);
}

/**
 * With `require-trusted-types-for 'script'`, `new Worker(url)` throws unless a policy vouches for the URL. The policy
 * named `default` is asked for every string; it makes no HTML and no script at all. Call before the first worker.
 */
export function installTrustedTypes(scope: {
  readonly origin: string;
  readonly trustedTypes?: unknown;
}): void {
  const factory = scope.trustedTypes as TrustedScriptUrlPolicies | undefined;
  factory?.createPolicy('default', {
    createScriptURL(url) {
      if (!isOwnWorkerUrl(url, scope.origin)) throw new TypeError(`not a worker of this build: ${url}`);
      return url;
    },
  });
}

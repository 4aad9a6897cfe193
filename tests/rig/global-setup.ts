import type { TestProject } from 'vitest/node';
import { buildApp } from './app-build.ts';
import { startAppServer } from './app-server.ts';
import { buildNativeParts } from './native-parts.ts';

declare module 'vitest' {
  interface ProvidedContext {
    /** Where the app is served. */
    readonly appOrigin: string;
  }
}

/** Once for all tests in Chromium: the native parts, the app as built, one server on the fixed port. */
export default async function setup(project: TestProject): Promise<() => Promise<void>> {
  buildNativeParts();
  buildApp();
  const server = await startAppServer();
  project.provide('appOrigin', server.origin);
  return () => server.stop();
}

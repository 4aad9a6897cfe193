import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { svelte } from '@sveltejs/vite-plugin-svelte';
import { build, preview } from 'vite';
import config from '../../../vite.config.ts';

/** The headers of the app itself, so that its policies hold here too. */
function headersOfApp(): Record<string, string> {
  const preview = (config as { preview?: { headers?: Record<string, string> } }).preview;
  if (!preview?.headers) throw new Error('vite.config.ts has no preview headers');
  return preview.headers;
}

/** Builds the screens over the fake app and serves them. Port 0 = any free one. Ends with `close`. */
export async function serveScreens(port: number): Promise<{ readonly url: string; close(): Promise<void> }> {
  const outDir = mkdtempSync(join(tmpdir(), 'benchseal-ui-'));
  const shared = {
    root: import.meta.dirname,
    configFile: false as const,
    logLevel: 'error' as const,
    publicDir: join(import.meta.dirname, '../../../public'),
  };
  await build({
    ...shared,
    plugins: [svelte({ configFile: join(import.meta.dirname, '../../../svelte.config.js') })],
    build: {
      outDir,
      emptyOutDir: true,
      target: 'chrome140',
      modulePreload: { polyfill: false },
      assetsInlineLimit: 0,
    },
  });
  const server = await preview({
    ...shared,
    build: { outDir },
    preview: { port, strictPort: port !== 0, host: 'localhost', headers: headersOfApp() },
  });
  const url = server.resolvedUrls?.local[0];
  if (url === undefined) throw new Error('the preview server has no address');
  return {
    url,
    close: async () => {
      await server.close();
      rmSync(outDir, { recursive: true, force: true });
    },
  };
}

import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Page } from 'playwright-core';
import { expect, it } from 'vitest';
import { unzipBundle } from '../rig/readers/bundle-folder.ts';
import { failedBySha256sum } from '../rig/readers/sha256sum.ts';
import { withWorkbench } from '../rig/workbench.ts';

const STICK = 'usb-stick';

/** Nobody can answer the picker of a headless browser: the choice is ours, what is written and read there is real. */
async function chooseStick(page: Page): Promise<void> {
  await page.evaluate(async (name) => {
    const root = await navigator.storage.getDirectory();
    const stick = await root.getDirectoryHandle(name, { create: true });
    Object.assign(globalThis, { showDirectoryPicker: () => Promise.resolve(stick) });
  }, STICK);
}

/** Every file on the stick: path → bytes in base64. */
function readStick(page: Page): Promise<Record<string, string>> {
  return page.evaluate(async (name) => {
    const files: Record<string, string> = {};
    const walk = async (folder: FileSystemDirectoryHandle, prefix: string): Promise<void> => {
      for await (const [child, handle] of folder.entries()) {
        if (handle.kind === 'directory')
          await walk(handle as FileSystemDirectoryHandle, `${prefix}${child}/`);
        else {
          const bytes = new Uint8Array(
            await (await (handle as FileSystemFileHandle).getFile()).arrayBuffer(),
          );
          let text = '';
          for (let at = 0; at < bytes.length; at += 8192)
            text += String.fromCharCode(...bytes.subarray(at, at + 8192));
          files[prefix + child] = btoa(text);
        }
      }
    };
    const root = await navigator.storage.getDirectory();
    await walk(await root.getDirectoryHandle(name), '');
    return files;
  }, STICK);
}

it('writes the bundle to the chosen directory, reads it back, and only then says verified', () =>
  withWorkbench({}, async (bench) => {
    const { kiosk } = bench;
    await kiosk.testId('try-simulated').click();
    const runId = await kiosk.start();
    await sleep(3000);
    await kiosk.stop();
    const rootDigest = await kiosk.sealed();
    await chooseStick(kiosk.page);
    const result = await kiosk.exportTo(runId, 'directory');
    expect(result).toMatchObject({ ok: true, kind: 'directory', verified: true, rootDigest });

    const files = await readStick(kiosk.page);
    const zip = Object.keys(files).find((name) => name.endsWith('.zip'));
    expect(zip, `a zip among ${Object.keys(files).join(', ')}`).toBeDefined();
    const path = join(bench.folder, 'from-the-stick.zip');
    writeFileSync(path, Buffer.from(files[zip ?? ''] ?? '', 'base64'));
    const bundle = await unzipBundle(path, join(bench.folder, 'from-the-stick'));
    expect(failedBySha256sum(bundle.path)).toEqual([]);
    const receipts = Object.entries(files).filter(([name]) => /receipt/i.test(name));
    expect(receipts.length, `a receipt among ${Object.keys(files).join(', ')}`).toBe(1);
    expect(Buffer.from(receipts[0]?.[1] ?? '', 'base64').toString()).toContain(rootDigest);

    // The same to one chosen file, and not at all when nobody chooses.
    await kiosk.page.evaluate(async (name) => {
      const root = await navigator.storage.getDirectory();
      const stick = await root.getDirectoryHandle(name);
      const file = await stick.getFileHandle('chosen.zip', { create: true });
      Object.assign(globalThis, {
        showSaveFilePicker: () => Promise.resolve(file),
        showDirectoryPicker: () => Promise.reject(new DOMException('nobody chose', 'AbortError')),
      });
    }, STICK);
    expect(await kiosk.exportTo(runId, 'file')).toMatchObject({
      ok: true,
      kind: 'file',
      verified: true,
      rootDigest,
    });
    const chosen = (await readStick(kiosk.page))['chosen.zip'];
    expect(chosen).toBe(files[zip ?? '']);
    expect(await kiosk.exportTo(runId, 'directory')).toMatchObject({ ok: false, code: 'cancelled' });

    // By hand, from the list of bundles.
    await kiosk.testId('nav-bundles').click();
    const row = kiosk.testId('bundle-row', { 'data-run-id': runId });
    await row.waitFor();
    expect(await row.getAttribute('data-bundle-status')).toBe('sealed');
    expect(await row.getAttribute('data-integrity')).toBe('ok');
  }));

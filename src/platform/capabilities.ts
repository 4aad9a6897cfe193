/** What this browser can and cannot do. Read once at start; the honest-limits page puts it in words. */
export interface BrowserCapabilities {
  readonly webSerial: boolean;
  readonly sharedWorker: boolean;
  readonly crossOriginIsolated: boolean;
  readonly opfs: boolean;
  readonly directoryPicker: boolean;
  readonly savePicker: boolean;
  readonly persisted: boolean;
  readonly installed: boolean;
}

export async function readCapabilities(window: Window & typeof globalThis): Promise<BrowserCapabilities> {
  const { navigator } = window;
  return {
    webSerial: 'serial' in navigator,
    sharedWorker: 'SharedWorker' in window,
    crossOriginIsolated: window.crossOriginIsolated,
    opfs: 'storage' in navigator && 'getDirectory' in navigator.storage,
    directoryPicker: 'showDirectoryPicker' in window,
    savePicker: 'showSaveFilePicker' in window,
    persisted: (await navigator.storage?.persisted()) ?? false,
    installed: window.matchMedia('(display-mode: standalone)').matches,
  };
}

/**
 * Asks for persistent storage at the first gesture: Chromium decides without a prompt, by engagement and
 * installation, so asking earlier only earns a refusal (`spec/neighbours.md` §3.2).
 */
export function persistAtFirstGesture(window: Window): void {
  const ask = () => {
    window.removeEventListener('pointerdown', ask);
    window.removeEventListener('keydown', ask);
    window.navigator.storage.persist().catch(() => undefined);
  };
  window.addEventListener('pointerdown', ask);
  window.addEventListener('keydown', ask);
}

import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { RIG_CACHE } from './folders.ts';

const SOURCES = import.meta.dirname;

/** Compiled from `libudev-stand-in.c`; preloaded into Chromium. */
export const UDEV_STAND_IN = join(RIG_CACHE, 'libudev-stand-in.so');
/** Compiled from `pty-unlock.c`. */
export const PTY_UNLOCK = join(RIG_CACHE, 'pty-unlock');

function compile(source: string, target: string, flags: readonly string[]): void {
  const from = join(SOURCES, source);
  if (existsSync(target) && statSync(target).mtimeMs >= statSync(from).mtimeMs) return;
  const { status, stderr, error } = spawnSync(
    'gcc',
    ['-O2', '-Wall', '-Wextra', ...flags, '-o', target, from],
    { encoding: 'utf8' },
  );
  if (error !== undefined)
    throw new Error(
      `Tests in Chromium need gcc (Debian: apt-get install gcc libc6-dev) to build ${source}: ${error.message}`,
    );
  if (status !== 0) throw new Error(`gcc failed on ${source}:\n${stderr}`);
}

/** Builds both parts when they are missing or older than their source. */
export function buildNativeParts(): void {
  if (process.platform !== 'linux')
    throw new Error('Tests on simulated serial ports need Linux: they stand on ptys and libudev.');
  mkdirSync(RIG_CACHE, { recursive: true });
  // Debian's Chromium links libudev with this version; other builds open it by this soname.
  const versions = join(RIG_CACHE, 'libudev.map');
  writeFileSync(versions, 'LIBUDEV_183 { global: udev_*; };\n');
  compile('libudev-stand-in.c', UDEV_STAND_IN, [
    '-shared',
    '-fPIC',
    '-fvisibility=hidden',
    '-pthread',
    '-Wl,-soname,libudev.so.1',
    `-Wl,--version-script=${versions}`,
  ]);
  compile('pty-unlock.c', PTY_UNLOCK, []);
}

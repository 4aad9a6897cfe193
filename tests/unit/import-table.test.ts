import { readdirSync, readFileSync, statSync } from 'node:fs';
import { dirname, join, relative, resolve } from 'node:path';
import { describe, expect, it } from 'vitest';

/** `design.md` §6: who may import whom besides npm. `cli`, `workers`, `main.ts` may import anything. */
const MAY_IMPORT: Record<string, readonly string[]> = {
  record: [],
  rig: ['record'],
  formats: ['record', 'rig'],
  instruments: ['record', 'rig'],
  transports: ['record'],
  storage: ['record'],
  wire: ['record', 'rig'],
  links: ['record', 'rig', 'wire', 'formats', 'transports', 'instruments'],
  procedures: ['record', 'rig'],
  conductor: ['record', 'rig', 'wire', 'procedures'],
  recorder: ['record', 'rig', 'wire', 'formats', 'storage'],
  bundle: ['record', 'rig', 'formats', 'storage'],
  export: ['record', 'rig', 'formats', 'storage', 'bundle'],
  review: ['record', 'rig', 'formats', 'storage', 'bundle'],
  platform: ['record', 'wire'],
  // The window's wiring, one level below main.ts: it joins platform, threads and screens, and is imported by no folder.
  kiosk: ['record', 'rig', 'wire', 'platform', 'bundle/types', 'export', 'ui'],
  ui: [
    'record',
    'rig',
    'wire',
    'platform',
    'instruments/family',
    'export/types',
    'review/types',
    'bundle/types',
  ],
};
const ROOT = resolve(import.meta.dirname, '../..');

function sources(folder: string): string[] {
  return readdirSync(folder).flatMap((name) => {
    const path = join(folder, name);
    if (statSync(path).isDirectory()) return sources(path);
    return /\.(ts|svelte)$/.test(name) && !name.endsWith('.d.ts') ? [path] : [];
  });
}

interface Import {
  readonly from: string;
  readonly to: string;
  readonly typeOnly: boolean;
}

function importsOf(file: string): Import[] {
  const text = readFileSync(file, 'utf8');
  const found: Import[] = [];
  const statement =
    /(?:^|\n)\s*(import|export)\s+(type\s+)?(?:[^'";]*?\sfrom\s+)?['"]([^'"]+)['"]|\bimport\(\s*['"]([^'"]+)['"]\s*\)/g;
  for (const match of text.matchAll(statement)) {
    const target = match[3] ?? match[4];
    if (target?.startsWith('.')) {
      const to = relative(ROOT, resolve(dirname(file), target));
      found.push({ from: relative(ROOT, file), to, typeOnly: match[2] !== undefined });
    }
  }
  return found;
}

function refusal({ from, to, typeOnly }: Import): string | null {
  const [top, folder] = from.split('/');
  if (top !== 'src' || folder === undefined) return null;
  if (to.startsWith('workers/') || to.startsWith('tests/')) return `${from} → ${to}`;
  if (folder === 'cli' || folder === 'main.ts') return null;
  const allowed = MAY_IMPORT[folder];
  if (allowed === undefined) return `${from}: folder ${folder} is not in the table`;
  const target = to.split('/')[1];
  if (target === undefined || target === folder) return null;
  if (allowed.includes(target)) return null;
  // Declarations are pure data; they and the types around them may be seen where the table says so.
  if (
    allowed.includes('instruments/family') &&
    /^src\/instruments\/(family|declarations|[\w-]+\/family)\.ts$/.test(to)
  )
    return null;
  if (typeOnly && allowed.includes(`${target}/types`)) return null;
  return `${from} → ${to}`;
}

describe('import table', () => {
  const files = ['src', 'workers'].flatMap((folder) => sources(join(ROOT, folder)));

  it('holds for every import', () => {
    expect(files.length).toBeGreaterThan(20);
    expect(files.flatMap(importsOf).map(refusal).filter(Boolean)).toEqual([]);
  });

  it('refuses what it should', () => {
    expect(refusal({ from: 'src/record/a.ts', to: 'src/rig/b.ts', typeOnly: true })).toBe(
      'src/record/a.ts → src/rig/b.ts',
    );
    expect(
      refusal({ from: 'src/ui/a.ts', to: 'src/instruments/alicat/codec.ts', typeOnly: false }),
    ).not.toBeNull();
    expect(
      refusal({ from: 'src/ui/a.ts', to: 'src/instruments/alicat/family.ts', typeOnly: false }),
    ).toBeNull();
    expect(refusal({ from: 'src/export/a.ts', to: 'workers/bundle.ts', typeOnly: false })).not.toBeNull();
  });

  it('keeps worker files to wiring: at most 60 lines', () => {
    const long = files
      .filter((file) => relative(ROOT, file).startsWith('workers/'))
      .map((file) => ({
        file: relative(ROOT, file),
        lines: readFileSync(file, 'utf8').trimEnd().split('\n').length,
      }))
      .filter(({ lines }) => lines > 60);
    expect(long).toEqual([]);
  });

  it('keeps files to one noun: at most 400 lines', () => {
    const long = files
      .map((file) => ({
        file: relative(ROOT, file),
        lines: readFileSync(file, 'utf8').trimEnd().split('\n').length,
      }))
      .filter(({ lines }) => lines > 400);
    expect(long).toEqual([]);
  });
});

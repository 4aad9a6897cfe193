/** `npm run verify -- BUNDLE.zip|DIR`: compares every member with `manifest.sha256`; names each that differs. */
import { verifyPath } from './verify-bundle.ts';

const EXIT = { ok: 0, mismatch: 1, usage: 64 } as const;

const [path, ...rest] = process.argv.slice(2);
if (path === undefined || rest.length > 0 || path.startsWith('-')) {
  console.error('usage: npm run verify -- BUNDLE.zip|DIRECTORY');
  process.exitCode = EXIT.usage;
} else {
  try {
    const { integrity, rootDigest, problems } = await verifyPath(path);
    for (const { kind, path: member, detail } of problems) console.error(`${member}: ${kind}: ${detail}`);
    console.log(`integrity    ${integrity}`);
    console.log(`root digest  ${rootDigest === '' ? 'none' : rootDigest}`);
    process.exitCode = integrity === 'ok' ? EXIT.ok : EXIT.mismatch;
  } catch (error) {
    console.error(`${path}: ${error instanceof Error ? error.message : String(error)}`);
    process.exitCode = EXIT.usage;
  }
}

import { spawnSync } from 'node:child_process';

/** `sha256sum -c manifest.sha256` in an unzipped bundle: the paths that did not check, none when all did. */
export function failedBySha256sum(folder: string): string[] {
  const { status, stdout, stderr, error } = spawnSync('sha256sum', ['--strict', '-c', 'manifest.sha256'], {
    cwd: folder,
    encoding: 'utf8',
    env: { ...process.env, LC_ALL: 'C' },
  });
  if (error !== undefined) throw error;
  const lines = stdout.split('\n').filter((line) => line !== '');
  const failed = lines
    .filter((line) => !line.endsWith(': OK'))
    .map((line) => line.replace(/: FAILED.*$/, ''));
  if (status !== 0 && failed.length === 0) throw new Error(`sha256sum: ${stderr}`);
  return failed;
}

/** How many members it checked. */
export function checkedBySha256sum(folder: string): number {
  const { stdout } = spawnSync('sha256sum', ['-c', 'manifest.sha256'], { cwd: folder, encoding: 'utf8' });
  return stdout.split('\n').filter((line) => line.endsWith(': OK')).length;
}

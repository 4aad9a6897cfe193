import { spawnSync } from 'node:child_process';

/** Runs one of Debian's programs and returns what it printed. Says how to get it when it is missing. */
export function runProgram(
  name: string,
  args: readonly string[],
  options: { cwd?: string; input?: string } = {},
): string {
  const { status, stdout, stderr, error } = spawnSync(name, args, {
    ...options,
    encoding: 'utf8',
    maxBuffer: 512 * 1024 * 1024,
  });
  if (error !== undefined)
    throw new Error(`cannot run ${name} (Debian: apt-get install ${name}): ${error.message}`);
  if (status !== 0) throw new Error(`${name} ${args.join(' ')} ended with ${status}:\n${stdout}\n${stderr}`);
  return stdout;
}

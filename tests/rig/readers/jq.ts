import { runProgram } from './program.ts';

/** Lines `jq` prints for a filter over a file of JSON lines. */
export function jq(filter: string, file: string, flags: readonly string[] = ['-c']): string[] {
  return runProgram('jq', [...flags, filter, file])
    .split('\n')
    .filter((line) => line !== '');
}

import { readdirSync, readFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';

function commandLine(pid: string): string[] {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, 'utf8').split('\0');
  } catch {
    return []; // ended meanwhile
  }
}

/** Fields of /proc/<pid>/stat after the command name: [0] state, [2] process group, [11] utime, [12] stime. */
function statFields(pid: string): string[] {
  try {
    const text = readFileSync(`/proc/${pid}/stat`, 'utf8');
    return text.slice(text.lastIndexOf(')') + 2).split(' ');
  } catch {
    return [];
  }
}

/** Every process of the browser that runs on this profile, the browser process first. */
export function chromiumProcesses(profile: string): number[] {
  const pids = readdirSync('/proc').filter((name) => /^\d+$/.test(name));
  const main = pids.find((pid) => {
    const words = commandLine(pid);
    return words.includes(`--user-data-dir=${profile}`) && !words.some((word) => word.startsWith('--type='));
  });
  if (main === undefined) return [];
  const group = statFields(main)[2];
  const others = pids.filter((pid) => pid !== main && statFields(pid)[2] === group);
  return [main, ...others].map(Number);
}

/** CPU time of these processes so far, ms (clock ticks of 10 ms). */
export function cpuTimeMs(pids: readonly number[]): number {
  return pids.reduce((sum, pid) => {
    const fields = statFields(String(pid));
    return sum + 10 * (Number(fields[11] ?? 0) + Number(fields[12] ?? 0));
  }, 0);
}

/** Ends the browser as a power cut of its process would: no handler runs, nothing is flushed. */
export async function killChromium(profile: string): Promise<void> {
  const [main] = chromiumProcesses(profile);
  if (main === undefined) throw new Error(`no browser runs on ${profile}`);
  if (Number(statFields(String(main))[2]) !== main)
    throw new Error(`browser ${main} does not lead its process group`);
  process.kill(-main, 'SIGKILL');
  while (chromiumProcesses(profile).length > 0) await sleep(20);
}

/** Memory a process holds now, bytes. */
export function residentBytes(pid: number): number {
  try {
    const pages = readFileSync(`/proc/${pid}/statm`, 'utf8').split(' ')[1];
    return Number(pages ?? 0) * 4096;
  } catch {
    return 0;
  }
}

/** Renderer processes in which a SharedWorker runs (and no page: cross-origin isolation gives it one of its own). */
export function sharedWorkerProcesses(profile: string): number[] {
  return chromiumProcesses(profile).filter((pid) =>
    threadNames(pid).some((name) => name.startsWith('SharedWorker')),
  );
}

function threadNames(pid: number): string[] {
  try {
    return readdirSync(`/proc/${pid}/task`).map((thread) =>
      readFileSync(`/proc/${pid}/task/${thread}/comm`, 'utf8').trim(),
    );
  } catch {
    return []; // ended meanwhile
  }
}

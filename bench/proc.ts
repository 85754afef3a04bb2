// What /proc says of a process.
import fs from 'node:fs';

/** User and system, of all threads of these processes. In nanoseconds there, where /proc/<pid>/stat counts in 10 ms. */
export function cpuTimeMicros(...pids: readonly number[]): number {
  let nanos = 0;
  for (const pid of pids) {
    for (const thread of fs.readdirSync(`/proc/${pid}/task`)) {
      const [onCpu] = fs.readFileSync(`/proc/${pid}/task/${thread}/schedstat`, 'utf8').split(' ');
      nanos += Number(onCpu);
    }
  }
  return nanos / 1000;
}

/** Resident memory, in bytes. */
export function residentBytes(pid: number): number {
  const [, kilobytes] = /^VmRSS:\s+(\d+) kB$/m.exec(fs.readFileSync(`/proc/${pid}/status`, 'utf8')) ?? [];
  if (kilobytes === undefined) throw new Error(`/proc has no resident memory of process ${pid}`);
  return Number(kilobytes) * 1024;
}

/** Without processes that only wait to be reaped. */
export function childrenOf(parent: number): readonly number[] {
  return fs
    .readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .map(Number)
    .filter((pid) => readStat(pid)?.parent === parent);
}

export function isAlive(pid: number): boolean {
  return readStat(pid) !== undefined;
}

/** Undefined: it has ended. Behind the name, which is in parentheses, come the state and the parent. */
function readStat(pid: number): { readonly parent: number } | undefined {
  try {
    const stat = fs.readFileSync(`/proc/${pid}/stat`, 'utf8');
    const [state, parent] = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    return state === 'Z' ? undefined : { parent: Number(parent) };
  } catch {
    return undefined;
  }
}

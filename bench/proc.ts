// What /proc says of a process.
import fs from 'node:fs';
import { attempt } from '../src/attempt.ts';

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

/** How many connections to that port each of these processes has accepted, and holds. */
export function sharesOf(pids: readonly number[], port: number): readonly number[] {
  const established = new Set(
    fs
      .readFileSync('/proc/net/tcp', 'utf8')
      .split('\n')
      .slice(1)
      .map((line) => line.trim().split(/\s+/))
      .filter(([, local = '', , state]) => state === ESTABLISHED && portIn(local) === port)
      .map((fields) => `socket:[${fields[9]}]`),
  );
  return pids.map((pid) => descriptorsOf(pid).filter((target) => established.has(target)).length);
}

/** https://www.kernel.org/doc/html/latest/networking/proc_net_tcp.html */
const ESTABLISHED = '01';

function portIn(address: string): number {
  return Number.parseInt(address.split(':')[1] ?? '', 16);
}

/** What the open descriptors of a process lead to. */
function descriptorsOf(pid: number): readonly string[] {
  try {
    const folder = `/proc/${pid}/fd`;
    return fs.readdirSync(folder).map((fd) => attempt(() => fs.readlinkSync(`${folder}/${fd}`)) ?? '');
  } catch {
    // It has exited meanwhile.
    return [];
  }
}

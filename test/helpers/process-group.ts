// The processes of a group, as /proc knows them.
import fs from 'node:fs';

/** Pids of the group, without processes that only wait to be reaped. */
export function membersOf(group: number): readonly number[] {
  return fs
    .readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .map(Number)
    .filter((pid) => isRunningIn(group, pid));
}

/** False: no process of the group was left. */
export function killGroup(group: number): boolean {
  try {
    return process.kill(-group, 'SIGKILL');
  } catch {
    return false;
  }
}

/** In /proc/<pid>/stat, state, parent and process group follow the name, which is in parentheses. */
function isRunningIn(group: number, pid: number): boolean {
  try {
    const stat = fs.readFileSync(`/proc/${pid}/stat`, 'utf8');
    const [state, , pgrp] = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    // A process that is exiting has closed its descriptors before it can be reaped.
    return Number(pgrp) === group && state !== 'Z' && fs.readdirSync(`/proc/${pid}/fd`).length > 0;
  } catch {
    // It has exited meanwhile.
    return false;
  }
}

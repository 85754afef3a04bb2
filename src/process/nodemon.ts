// Was this process started by nodemon? nodemon restarts a service by SIGUSR2, which for us means a rolling restart.
import { execFileSync } from 'node:child_process';
import fs from 'node:fs';
import process from 'node:process';
import { attempt } from '../attempt.ts';

interface Parent {
  readonly parent: number;
  readonly words: readonly string[];
}

/** Between it and its nodemon there may be a shell, npx and tsx. */
const MAX_ANCESTORS = 8;

let answer: boolean | undefined;

/** Asked once: later the ancestors may be gone. */
export function isUnderNodemon(): boolean {
  answer ??= hasAncestor(/^nodemon(?:\.js)?$/, process.ppid);
  return answer;
}

/** Does the command line of that process, or of one that it descends from, have a word that is a path to such a file? */
export function hasAncestor(name: RegExp, pid: number, read = reader()): boolean {
  let at = pid;
  for (let level = 0; level < MAX_ANCESTORS && at > 0; level += 1) {
    const found = attempt(() => read(at));
    if (found === undefined) return false;
    if (found.words.some((word) => name.test(word.slice(word.lastIndexOf('/') + 1)))) return true;
    at = found.parent;
  }
  return false;
}

function reader(): (pid: number) => Parent | undefined {
  return process.platform === 'linux' ? readProc : byPs();
}

export function readProc(pid: number): Parent {
  const words = fs.readFileSync(`/proc/${pid}/cmdline`, 'utf8').split('\0');
  const stat = fs.readFileSync(`/proc/${pid}/stat`, 'utf8');
  // State and parent follow the name, which is in parentheses.
  const [, parent] = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  return { parent: Number(parent), words };
}

/** Where there is no /proc. */
export function byPs(): (pid: number) => Parent | undefined {
  const table = attempt(listProcesses) ?? '';
  const rows = table.split('\n').flatMap((line) => {
    const [, pid, parent, args = ''] = /^\s*(\d+)\s+(\d+)\s+(.*)$/.exec(line) ?? [];
    return pid === undefined
      ? []
      : [[Number(pid), { parent: Number(parent), words: args.split(' ') }] as const];
  });
  const processes = new Map(rows);
  return (pid) => processes.get(pid);
}

const PS_MS = 2_000;

function listProcesses(): string {
  return execFileSync('ps', ['-A', '-o', 'pid=,ppid=,args='], {
    encoding: 'utf8',
    timeout: PS_MS,
    stdio: ['ignore', 'pipe', 'ignore'],
  });
}

// What Linux tells of processes: https://man7.org/linux/man-pages/man5/proc.5.html. Elsewhere it tells nothing.
import fs from 'node:fs';
import process from 'node:process';
import { readFile } from '../read-file.ts';

export interface ProcessInfo {
  readonly pid: number;
  readonly parent: number;
  /** Its name, cut to 15 characters. */
  readonly name: string;
  readonly isZombie: boolean;
}

export interface Proc {
  /** Of this process. */
  readonly pid: number;
  readonly parent: number;
  /** Every process that this one can see. */
  all(): readonly ProcessInfo[];
  /** Undefined: it has exited, or cannot be seen. */
  info(pid: number): ProcessInfo | undefined;
  commandLine(pid: number): readonly string[];
}

export function linuxProc(folder = '/proc', self: Pick<typeof process, 'pid' | 'ppid'> = process): Proc {
  const info = (pid: number): ProcessInfo | undefined => parse(pid, read(`${folder}/${pid}/stat`));
  return {
    pid: self.pid,
    parent: self.ppid,
    info,
    all: () => namesIn(folder).flatMap((name) => (/^\d+$/.test(name) ? (info(Number(name)) ?? []) : [])),
    commandLine: (pid) =>
      read(`${folder}/${pid}/cmdline`)
        .split('\0')
        .filter((word) => word !== ''),
  };
}

/** The name is in parentheses, and may contain some. */
function parse(pid: number, stat: string): ProcessInfo | undefined {
  const [, name, state, parent] = /^\d+ \((.*)\) (\w) (\d+) /s.exec(stat) ?? [];
  if (name === undefined) return undefined;
  return { pid, parent: Number(parent), name, isZombie: state === 'Z' };
}

function read(file: string): string {
  return readFile(file) ?? '';
}

function namesIn(folder: string): readonly string[] {
  try {
    return fs.readdirSync(folder);
  } catch {
    return [];
  }
}

// Where stdout is systemd's journal: puts the priority in front of each line, which the journal takes off again.
import fs from 'node:fs';

/**
 * Is this the stream to the journal that JOURNAL_STREAM names? Its value may be inherited by a process whose stdout is something
 * else: https://www.freedesktop.org/software/systemd/man/latest/systemd.exec.html#%24JOURNAL_STREAM
 */
export function isJournal(fd: number, stream: string | undefined): boolean {
  if (stream === undefined || stream === '') return false;
  try {
    const { dev, ino } = fs.fstatSync(fd, { bigint: true });
    return stream === `${dev}:${ino}`;
  } catch {
    return false;
  }
}

/** https://www.freedesktop.org/software/systemd/man/latest/sd-daemon.html */
const CRITICAL = 2;
const ERROR = 3;
const WARNING = 4;
const INFO = 6;
const DEBUG = 7;

/** @param level of pino's, which go in tens from trace (10) to fatal (60) */
export function withPriority(line: string, level: number): string {
  return `<${priorityOf(level)}>${line}`;
}

function priorityOf(level: number): number {
  if (level >= 60) return CRITICAL;
  if (level >= 50) return ERROR;
  if (level >= 40) return WARNING;
  return level >= 30 ? INFO : DEBUG;
}

// Says of a process that could not be made what an operator can change. Nothing is decided by it.
import type { ErrorInfo } from '../../fleet/event.ts';
import { toErrorInfo } from '../../protocol/error-info.ts';

/** By the code of the system's error. */
const CAUSES: Readonly<Record<string, string>> = {
  EAGAIN: 'there are too many processes or threads (ulimit -u, pids.max of the cgroup)',
  ENOMEM: 'the system has no memory for another process',
  EMFILE: 'the primary has too many open files (ulimit -n)',
  ENFILE: 'the system has too many open files (fs.file-max)',
  ENOENT: 'the executable of Node.js, or the working directory, does not exist any more',
  EACCES: 'this user may not run the executable of Node.js, or enter the working directory',
};

/** The system's error, with the cause in its message. */
export function forkError(thrown: unknown): ErrorInfo {
  const error = toErrorInfo(thrown);
  const { code, message, stack } = error;
  if (code === null || !Object.hasOwn(CAUSES, code)) return error;
  const explained = `${message}: ${CAUSES[code]}`;
  return { ...error, message: explained, stack: stack?.replace(message, () => explained) ?? null };
}

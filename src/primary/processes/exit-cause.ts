// Explains the exit of a worker in words that an operator can act on. Nothing is decided by it.
import os from 'node:os';
import type { Worker } from '../../fleet/worker.ts';
import { exitSignals } from '../../process/exit.ts';

export interface Exit {
  readonly code: number | null;
  readonly signal: string | null;
  /** Was it asked to exit? */
  readonly expected: boolean;
  /** What is known of its end besides. Null: nothing. */
  readonly explanation: string | null;
  /** What was known of it just before. */
  readonly worker: Pick<Worker, 'state'> & { readonly wasReady?: boolean };
}

/** Null: it exited as it was asked to, so there is nothing to explain. */
export function explainExit({ code, signal, expected, explanation, worker }: Exit): string | null {
  // A worker that drains exits with 0, or with 1 after an error that it reported.
  if (expected && (code === 0 || code === 1)) return null;
  if (expected && signal === 'SIGKILL' && worker.state === 'killing') return null;
  if (expected && signal !== null && isEndedWhileLoading(signal, worker)) return null;
  return explanation ?? explainEnd(code, signal);
}

/** The primary kills it at once. A signal to every process of the service ends it, too, since it does not listen yet. */
function isEndedWhileLoading(signal: string, { state, wasReady = true }: Exit['worker']): boolean {
  return state === 'draining' && !wasReady && ['SIGKILL', ...exitSignals()].includes(signal);
}

/** What code and signal mean, whoever caused them. */
export function explainEnd(code: number | null, signal: string | null): string {
  const ended = signal ?? passedOn(code);
  if (ended !== undefined) return explainSignal(ended);
  return code === null ? 'nothing is known about how it ended' : explainCode(code);
}

/** A shell, or an init of a container, exits with 128 + n when signal n ended its child. */
function passedOn(code: number | null): string | undefined {
  return code !== null && code > 128 ? SIGNAL_NAMES.get(code - 128) : undefined;
}

export function isSigkill(code: number | null, signal: string | null): boolean {
  return (signal ?? passedOn(code)) === 'SIGKILL';
}

/** Instead of what {@link explainEnd} says of a SIGKILL, where the kernel's counter was raised. */
export const OUT_OF_MEMORY =
  'out of memory: the kernel killed it, as the memory limit of its cgroup was reached, or the memory of the machine; give it a ' +
  'higher limit, run fewer workers, or lower heapShare';

const ITS_REPORT = 'see what it wrote to stderr';

const NODE_ABORTED =
  `Node.js itself aborted: it is out of memory, since the heap reached its limit (--max-old-space-size); or the system gave ` +
  `it no thread, since there are too many (ulimit -u, pids.max); or there was a fatal error in V8 or in a native addon; ${ITS_REPORT}`;

function explainSignal(signal: string): string {
  switch (signal) {
    case 'SIGSEGV':
    case 'SIGBUS':
    case 'SIGFPE':
      return 'a crash in native code: suspect native addons first, then Node.js itself; a core dump would show where';
    case 'SIGABRT':
    case 'SIGTRAP':
      return NODE_ABORTED;
    case 'SIGILL':
      return 'an instruction that this CPU does not have, in a binary built for another one; or an internal error of V8';
    case 'SIGKILL':
      return 'killed from outside: by an operator, or by the kernel for lack of memory (see its log, or memory.events of the cgroup)';
    case 'SIGXCPU':
    case 'SIGXFSZ':
    case 'SIGSYS':
      return 'stopped by a limit of the system: ulimit, or a seccomp filter';
    default:
      return 'a signal from outside ended it; find out what sends it';
  }
}

/** https://nodejs.org/api/process.html#exit-codes */
function explainCode(code: number): string {
  switch (code) {
    case 0:
      return 'the app, or one of its modules, called process.exit(), or cluster.worker.kill(); or, while it booted, process.disconnect()';
    case 1:
      return `the app called process.exit(1), or Node.js could not start it; ${ITS_REPORT}`;
    case 5:
      return NODE_ABORTED;
    case 6:
    case 7:
      return "an error was thrown while another one was handled: by a listener of 'uncaughtException', or of a domain";
    case 9:
    case 12:
      return `Node.js does not know one of its options, or cannot apply it: execArgv, NODE_OPTIONS; ${ITS_REPORT}`;
    case 10:
      return `Node.js failed internally while it started, unless the app uses this code itself; ${ITS_REPORT}`;
    case 13:
      return 'a top-level await never settled: what it waits for does not keep the event loop alive';
    case 14:
      return `Node.js could not build its startup snapshot; ${ITS_REPORT}`;
    default:
      return `the app, or one of its modules, called process.exit(${code})`;
  }
}

/** Some numbers have two names, such as SIGABRT and SIGIOT: the first is the common one. */
const SIGNAL_NAMES = new Map(
  Object.entries(os.constants.signals)
    .toReversed()
    .map(([name, number]) => [number, name]),
);

// What the exit of a worker means, in words that somebody can act on. For people: nothing is decided by it.
import os from 'node:os';

export interface Exit {
  readonly code: number | null;
  readonly signal: string | null;
  /** Whether it had been asked to. */
  readonly expected: boolean;
}

/** Null: it ended as it was asked to, so there is nothing to explain. */
export function explainExit({ code, signal, expected }: Exit): string | null {
  // Who leaves ends with 0, or with 1 after an error that was told; who does not leave in time is killed.
  if (expected && (code === 0 || code === 1 || signal === 'SIGKILL')) return null;
  if (signal !== null) return explainSignal(signal);
  if (code === null) return 'nothing is known of how it ended';
  // A shell, or a container's init, that stands between says 128 + n when its child was ended by signal n.
  const passedOn = code > 128 ? SIGNAL_NAMES.get(code - 128) : undefined;
  return passedOn === undefined ? explainCode(code) : explainSignal(passedOn);
}

const ITS_REPORT = 'what it wrote to stderr says more';

const NODE_ABORTED =
  `Node.js itself aborted: mostly out of memory, where the heap is at its limit (--max-old-space-size), ` +
  `else a fatal error of V8 or of a native addon; ${ITS_REPORT}`;

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
      return 'an instruction that this CPU does not know, so a binary built for another one; or V8 gave up on an inner error';
    case 'SIGKILL':
      return 'killed from outside: by an operator, or by the kernel for lack of memory (its log, or the memory.events of the cgroup, tells)';
    case 'SIGXCPU':
    case 'SIGXFSZ':
    case 'SIGSYS':
      return 'stopped by a limit of the system: ulimit, or a seccomp filter';
    default:
      return 'a signal from outside ended it; find out who sends it';
  }
}

/** https://nodejs.org/api/process.html#exit-codes */
function explainCode(code: number): string {
  switch (code) {
    case 0:
      return 'the app, or a module of its, called process.exit(), or cluster.worker.kill(); or, while it booted, process.disconnect()';
    case 1:
      return `the app called process.exit(1), or Node.js could not start it; ${ITS_REPORT}`;
    case 5:
      return NODE_ABORTED;
    case 6:
    case 7:
      return "an error was thrown while another one was handled: by a listener of 'uncaughtException', or of a domain";
    case 9:
    case 12:
      return `Node.js does not know one of its options, or cannot obey it: execArgv, NODE_OPTIONS; ${ITS_REPORT}`;
    case 10:
      return `Node.js failed inside while it started, unless the app uses this code itself; ${ITS_REPORT}`;
    case 13:
      return 'a top-level await never settled: what it waits for does not keep the event loop alive';
    case 14:
      return `Node.js could not build its startup snapshot; ${ITS_REPORT}`;
    default:
      return `the app, or a module of its, called process.exit(${code})`;
  }
}

/** Some numbers have two names, such as SIGABRT and SIGIOT: the first one is the one that people know. */
const SIGNAL_NAMES = new Map(
  Object.entries(os.constants.signals)
    .toReversed()
    .map(([name, number]) => [number, name]),
);

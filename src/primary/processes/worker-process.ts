// One worker's process, as the primary sees it. The only user of cluster.fork, worker.send and worker.kill.
import cluster from 'node:cluster';
import type { Worker } from 'node:cluster';
import process from 'node:process';
import type { ErrorInfo } from '../../fleet/event.ts';
import { toErrorInfo } from '../../protocol/error-info.ts';
import { wrap } from '../../protocol/envelope.ts';
import type { PrimaryMessage } from '../../protocol/from-primary.ts';
import { parseWorkerMessage } from '../../protocol/from-worker.ts';
import type { WorkerMessage } from '../../protocol/from-worker.ts';
import { settingsVariable } from '../../protocol/worker-settings.ts';
import type { WorkerSettings } from '../../protocol/worker-settings.ts';
import { wholePollPhase } from '../../net/poll.ts';
import { PRELOAD_ARGUMENTS, PRELOAD_ENVIRONMENT } from './preload.ts';

export interface WorkerProcess {
  /** Undefined: the process could not be made. */
  readonly pid: number | undefined;
  send(message: PrimaryMessage): void;
  kill(): void;
}

export interface Birth {
  /** May throw, when the release is gone: the fork has failed then. */
  readonly launch: () => Launch;
  readonly settings: WorkerSettings;
  /** Descriptors that the worker inherits, from its descriptor {@link FIRST_INHERITED} on. */
  readonly descriptors: readonly number[];
}

/** What of a release is handed to the system. */
export interface Launch {
  readonly entry: string;
  readonly cwd: string;
  readonly execPath: string;
  readonly execArgv: readonly string[];
  /** Besides the primary's own. */
  readonly env: Readonly<Record<string, string>>;
}

export interface Watcher {
  message(message: WorkerMessage): void;
  exited(code: number | null, signal: string | null): void;
  /** The process lives, but its channel is closed. */
  disconnected(): void;
  forkFailed(error: ErrorInfo): void;
}

/** After stdin, stdout, stderr and the IPC channel. */
export const FIRST_INHERITED = 4;

export function fork(birth: Birth, watcher: Watcher): WorkerProcess {
  try {
    const launch = birth.launch();
    prepare(launch, birth);
    return watch(forkFrom(launch.execPath, environment(launch, birth)), watcher);
  } catch (error) {
    // Later, as every other news of a fork: the caller does not know its worker yet.
    process.nextTick(() => watcher.forkFailed(toErrorInfo(error)));
    return { pid: undefined, send: () => undefined, kill: () => undefined };
  }
}

/** What cluster.fork() does is set beforehand, for all forks to come. */
function prepare({ entry, cwd, execArgv }: Launch, { descriptors }: Birth): void {
  // Servers that the app opens besides: no connection of theirs goes through the primary either.
  cluster.schedulingPolicy = cluster.SCHED_NONE;
  cluster.setupPrimary({
    exec: entry,
    args: process.argv.slice(2),
    cwd,
    execArgv: [...PRELOAD_ARGUMENTS, ...execArgv],
    stdio: ['ignore', 'inherit', 'inherit', 'ipc', ...descriptors],
  });
}

/** Which Node a worker runs on cluster.fork() cannot be told, but it looks here. */
function forkFrom(execPath: string, env: Record<string, string>): Worker {
  const own = process.execPath;
  try {
    process.execPath = execPath;
    return cluster.fork(env);
  } finally {
    process.execPath = own;
  }
}

function environment({ cwd, env }: Launch, { settings }: Birth): Record<string, string> {
  return {
    PWD: cwd,
    ...env,
    ...PRELOAD_ENVIRONMENT,
    ...settingsVariable(settings),
  };
}

function watch(worker: Worker, watcher: Watcher): WorkerProcess {
  let hears = false;
  const tell = (message: PrimaryMessage): void => {
    if (worker.isConnected()) worker.send(wrap(message), undefined, () => undefined);
  };
  worker.on('message', (value: unknown) => {
    const message = parseWorkerMessage(value);
    if (message === undefined) return;
    if (message.type === 'hello') {
      hears = true;
      tell({ type: 'acknowledged' });
    }
    watcher.message(message);
  });
  worker.on('exit', (code, signal) => {
    // Node says '' where it knows no signal, and its types say nothing of null.
    afterLastWords(worker, () => watcher.exited(code, signal || null));
  });
  worker.once('disconnect', () => unlessDying(worker, () => watcher.disconnected()));
  // A channel that breaks while its worker dies is no harm; without a listener it would end this process.
  // A process that could not be made has no pid, and no exit will be told of it.
  worker.on('error', (error) => {
    if (worker.process.pid === undefined) watcher.forkFailed(toErrorInfo(error));
  });
  return {
    pid: worker.process.pid,
    send(message) {
      // It would not listen, and as it is not welcome yet, it serves nobody.
      if (message.type === 'drain' && !hears) worker.process.kill('SIGKILL');
      else tell(message);
    },
    kill() {
      worker.process.kill('SIGKILL');
    },
  };
}

/** How long a process may take to end once its channel is closed, in ms: the kernel does both in a row. */
const DYING_MS = 1_000;

/** Of a process that dies its exit is told, and nothing else. */
function unlessDying(worker: Worker, tell: () => void): void {
  if (worker.isDead()) return;
  const lookAgain = async (): Promise<void> => {
    // This process may have been busy, and have an exit still to read.
    await wholePollPhase();
    if (!worker.isDead()) tell();
  };
  const patience = setTimeout(() => void lookAgain(), DYING_MS);
  patience.unref();
  worker.once('exit', () => clearTimeout(patience));
}

/** How long a channel may stay open behind the end of its process, in ms; only a process that inherited it could do that. */
const LAST_WORDS_MS = 1_000;

/** Node may tell of an exit before it has read what the process said until then; the channel closes behind that. */
function afterLastWords(worker: Worker, tell: () => void): void {
  if (!worker.isConnected()) return tell();
  const over = (): void => {
    clearTimeout(patience);
    worker.removeListener('disconnect', over);
    tell();
  };
  const patience = setTimeout(over, LAST_WORDS_MS);
  worker.once('disconnect', over);
}

// One worker's process, as the primary sees it. The only user of cluster.fork, worker.send and worker.kill.
import cluster from 'node:cluster';
import type { Worker } from 'node:cluster';
import process from 'node:process';
import type { ErrorInfo } from '../../fleet/event.ts';
import type { EnvironmentVariables } from '../../options/index.ts';
import { toErrorInfo } from '../../protocol/error-info.ts';
import { PROTOCOL, wrap } from '../../protocol/envelope.ts';
import type { PrimaryMessage } from '../../protocol/from-primary.ts';
import { parseWorkerMessage } from '../../protocol/from-worker.ts';
import type { WorkerMessage } from '../../protocol/from-worker.ts';
import { settingsVariable } from '../../protocol/worker-settings.ts';
import type { WorkerSettings } from '../../protocol/worker-settings.ts';
import { afterLastMessage, unlessExiting } from './exit-order.ts';
import { PRELOAD_ARGUMENTS, PRELOAD_ENVIRONMENT } from './preload.ts';

export interface WorkerProcess {
  /** Undefined: the process could not be made. */
  readonly pid: number | undefined;
  send(message: PrimaryMessage): void;
  kill(): void;
}

export interface ForkOptions {
  /** May throw, if the release is gone: then the fork fails. */
  readonly launch: () => Launch;
  readonly settings: WorkerSettings;
  /** The worker inherits these descriptors, as its own from {@link FIRST_INHERITED} on. */
  readonly descriptors: readonly number[];
}

/** What the process runs, and how. */
export interface Launch {
  readonly entry: string;
  readonly cwd: string;
  readonly execPath: string;
  readonly execArgv: readonly string[];
  /** All of the worker's environment, but for what this package adds. */
  readonly env: EnvironmentVariables;
}

export interface ProcessCallbacks {
  message(message: WorkerMessage): void;
  exited(code: number | null, signal: string | null): void;
  /** The process lives, but its channel is closed. */
  disconnected(): void;
  forkFailed(error: ErrorInfo): void;
}

/** After stdin, stdout, stderr and the IPC channel. */
export const FIRST_INHERITED = 4;

export function fork(options: ForkOptions, callbacks: ProcessCallbacks): WorkerProcess {
  try {
    const launch = options.launch();
    return watch(forkAs(launch, options), callbacks);
  } catch (error) {
    // Not at once: the caller has to note the worker before it hears of it.
    process.nextTick(() => callbacks.forkFailed(toErrorInfo(error)));
    return { pid: undefined, send: () => undefined, kill: () => undefined };
  }
}

/** cluster.fork() takes only an environment: all else is set beforehand, and taken back for the embedder's own forks. */
function forkAs(launch: Launch, options: ForkOptions): Worker {
  const { settings } = cluster;
  try {
    prepare(launch, options);
    return forkOn(launch.execPath, environment(launch, options));
  } finally {
    // With ours, its workers would inherit our sockets, and hold them when nobody serves any more.
    Object.assign(cluster, { settings });
  }
}

function prepare({ entry, cwd, execArgv }: Launch, { descriptors }: ForkOptions): void {
  // For other servers that the app opens: the primary must not accept their connections either.
  cluster.schedulingPolicy = cluster.SCHED_NONE;
  cluster.setupPrimary({
    exec: entry,
    args: process.argv.slice(2),
    cwd,
    execArgv: [...PRELOAD_ARGUMENTS, ...execArgv],
    stdio: ['ignore', 'inherit', 'inherit', 'ipc', ...descriptors],
  });
}

/** cluster.fork() has no option for the Node that a worker runs on: it always takes process.execPath. */
function forkOn(execPath: string, env: EnvironmentVariables): Worker {
  const own = process.execPath;
  try {
    process.execPath = execPath;
    return cluster.fork(env);
  } finally {
    process.execPath = own;
  }
}

/** cluster.fork() adds this to process.env, in which there may be more by now. Node leaves out what is undefined. */
function environment({ env }: Launch, { settings }: ForkOptions): EnvironmentVariables {
  return {
    ...Object.fromEntries(Object.keys(process.env).map((name) => [name, undefined])),
    ...env,
    ...PRELOAD_ENVIRONMENT,
    ...settingsVariable(settings),
  };
}

function watch(worker: Worker, callbacks: ProcessCallbacks): WorkerProcess {
  let isListening = false;
  const send = (message: PrimaryMessage): void => {
    if (worker.isConnected()) worker.send(wrap(message), undefined, () => undefined);
  };
  worker.on('message', (value: unknown) => {
    const message = parseWorkerMessage(value);
    if (message === undefined) return;
    // A worker of another protocol must not begin to serve.
    if (message.type === 'hello' && message.protocol === PROTOCOL) {
      isListening = true;
      send({ type: 'acknowledged' });
    }
    callbacks.message(message);
  });
  worker.on('exit', (code, signal) => {
    // Without a signal Node passes '' or null, which its types do not say.
    afterLastMessage(worker, () => callbacks.exited(code, signal || null));
  });
  worker.once('disconnect', () => unlessExiting(worker, () => callbacks.disconnected()));
  worker.on('error', (error) => {
    // A process that could not be made has no pid, and no exit follows. Any other error is of a channel that breaks while
    // its worker exits, which is harmless, but would end this process if there was no listener.
    if (worker.process.pid === undefined) callbacks.forkFailed(toErrorInfo(error));
  });
  return {
    pid: worker.process.pid,
    send(message) {
      // Before its hello a worker does not read messages. It is not acknowledged either, so it serves no request yet.
      if (message.type === 'drain' && !isListening) worker.process.kill('SIGKILL');
      else send(message);
    },
    kill() {
      worker.process.kill('SIGKILL');
    },
  };
}

// One worker's process, as the primary sees it. The only user of cluster.fork, worker.send and worker.kill.
import cluster from 'node:cluster';
import type { Worker } from 'node:cluster';
import process from 'node:process';
import type { ErrorInfo } from '../../fleet/event.ts';
import { toErrorInfo } from '../../protocol/error-info.ts';
import type { Broadcast } from '../../protocol/broadcast.ts';
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
  /** Before its hello it is not sent. `written` is called in the end, whatever came of it. */
  broadcast(broadcast: Broadcast, written: () => void): void;
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
  /** Added to the primary's own environment. */
  readonly env: Readonly<Record<string, string>>;
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
    prepare(launch, options);
    return watch(forkOn(launch.execPath, environment(launch, options)), callbacks);
  } catch (error) {
    // Not at once: the caller has to note the worker before it hears of it.
    process.nextTick(() => callbacks.forkFailed(toErrorInfo(error)));
    return {
      pid: undefined,
      send: () => undefined,
      broadcast: (_broadcast, written) => written(),
      kill: () => undefined,
    };
  }
}

/** cluster.fork() takes only an environment: all else is set beforehand, for every fork that follows. */
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
function forkOn(execPath: string, env: Record<string, string>): Worker {
  const own = process.execPath;
  try {
    process.execPath = execPath;
    return cluster.fork(env);
  } finally {
    process.execPath = own;
  }
}

function environment({ cwd, env }: Launch, { settings }: ForkOptions): Record<string, string> {
  return {
    PWD: cwd,
    ...env,
    ...PRELOAD_ENVIRONMENT,
    ...settingsVariable(settings),
  };
}

function watch(worker: Worker, callbacks: ProcessCallbacks): WorkerProcess {
  let isListening = false;
  const send = (message: PrimaryMessage, written = () => {}): void => {
    if (worker.isConnected()) worker.send(wrap(message), undefined, written);
    else written();
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
    broadcast(broadcast, written) {
      if (isListening) send({ type: 'deliver', ...broadcast }, written);
      else written();
    },
    kill() {
      worker.process.kill('SIGKILL');
    },
  };
}

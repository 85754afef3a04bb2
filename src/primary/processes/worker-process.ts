// One worker's process, as the primary sees it. The only user of cluster.fork, worker.send and worker.kill.
import cluster from 'node:cluster';
import type { Worker } from 'node:cluster';
import process from 'node:process';
import type { Balance, EnvironmentVariables } from '../../options/index.ts';
import { programArguments } from '../../process/command-line.ts';
import type { Broadcast } from '../../protocol/broadcast.ts';
import { PROTOCOL, wrap } from '../../protocol/envelope.ts';
import type { PrimaryMessage } from '../../protocol/from-primary.ts';
import { parseWorkerMessage } from '../../protocol/from-worker.ts';
import type { WorkerMessage } from '../../protocol/from-worker.ts';
import { settingsVariable } from '../../protocol/worker-settings.ts';
import type { WorkerSettings } from '../../protocol/worker-settings.ts';
import { DebuggerPorts, debuggerOptions } from './debugger.ts';
import { afterLastMessage, afterOwnSignal, unlessExiting } from './exit-order.ts';
import { PRELOAD_ENVIRONMENT, preloadArguments } from './preload.ts';
import { tellWatcher } from './watcher.ts';

export interface WorkerProcess {
  /** Undefined: the process could not be made. */
  readonly pid: number | undefined;
  /** Its options open a debugger, which may stop it before any of its code runs. */
  readonly isDebugged: boolean;
  send(message: PrimaryMessage): void;
  /** Before its hello it is not sent. `written` is called in the end, whatever came of it. */
  broadcast(broadcast: Broadcast, written: () => void): void;
  kill(): void;
}

export interface ForkOptions {
  /** May throw, if the release is gone: then the fork fails. */
  readonly launch: () => Launch;
  readonly settings: WorkerSettings;
  /** What the worker has to know before it may accept connections, but not from its environment. */
  readonly ticketKeys: () => string;
  /** The worker inherits these descriptors, as its own from {@link FIRST_INHERITED} on. */
  readonly descriptors: readonly number[];
  readonly balance: Balance;
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

export interface ProcessExit {
  readonly code: number | null;
  readonly signal: string | null;
  /** This process has sent it SIGKILL. */
  readonly isKilled: boolean;
}

export interface ProcessCallbacks {
  message(message: WorkerMessage): void;
  exited(exit: ProcessExit): void;
  /** The process lives, but its channel is closed. */
  disconnected(): void;
  forkFailed(error: unknown): void;
}

/** After stdin, stdout, stderr and the IPC channel. */
export const FIRST_INHERITED = 4;

const PORTS = new DebuggerPorts();

export function fork(options: ForkOptions, callbacks: ProcessCallbacks): WorkerProcess {
  try {
    const launch = options.launch();
    const debug = debuggerOptions(launch);
    const port = debug && PORTS.next(debug);
    return watch(forkAs(launch, options, port), options, callbacks, debug?.isOpen === true);
  } catch (error) {
    // Not at once: the caller has to note the worker before it hears of it.
    process.nextTick(() => callbacks.forkFailed(error));
    return {
      pid: undefined,
      isDebugged: false,
      send: () => undefined,
      broadcast: (_broadcast, written) => written(),
      kill: () => undefined,
    };
  }
}

/** cluster.fork() takes only an environment: all else is set beforehand, and taken back for the embedder's own forks. */
function forkAs(launch: Launch, options: ForkOptions, debugPort: number | undefined): Worker {
  const { settings } = cluster;
  try {
    prepare(launch, options, debugPort);
    return forkOn(launch.execPath, environment(launch, options));
  } finally {
    // With ours, its workers would inherit our sockets, and hold them when nobody serves any more.
    Object.assign(cluster, { settings });
  }
}

function prepare(launch: Launch, { descriptors, balance }: ForkOptions, debugPort: number | undefined): void {
  const { entry, cwd, execArgv } = launch;
  // Otherwise for other servers that the app opens: the primary must not accept their connections either.
  cluster.schedulingPolicy = balance === 'round-robin' ? cluster.SCHED_RR : cluster.SCHED_NONE;
  cluster.setupPrimary({
    exec: entry,
    args: [...programArguments()],
    cwd,
    // node:cluster adds the port by itself, but not where only the worker's NODE_OPTIONS have a debugger.
    execArgv: [
      ...preloadArguments(launch),
      ...execArgv,
      ...(debugPort === undefined ? [] : [`--inspect-port=${debugPort}`]),
    ],
    inspectPort: debugPort,
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

function watch(
  worker: Worker,
  { ticketKeys }: ForkOptions,
  callbacks: ProcessCallbacks,
  isDebugged: boolean,
): WorkerProcess {
  let isListening = false;
  let isFailing = false;
  let isKilled = false;
  const kill = (): void => {
    isKilled = true;
    worker.process.kill('SIGKILL');
  };
  const send = (message: PrimaryMessage, written = () => {}): void => {
    if (worker.isConnected()) worker.send(wrap(message), undefined, written);
    else written();
  };
  worker.on('message', (value: unknown) => {
    const message = parseWorkerMessage(value);
    if (message === undefined) return tellWatcher(value);
    // A worker of another protocol must not begin to serve.
    if (message.type === 'hello' && message.protocol === PROTOCOL) {
      isListening = true;
      send({ type: 'ticket-keys', keys: ticketKeys() });
      send({ type: 'acknowledged' });
    }
    if (message.type === 'failing') isFailing = true;
    callbacks.message(message);
  });
  worker.on('exit', (code, signal) => {
    // Without a signal Node passes '' or null, which its types do not say.
    const report = (): void => callbacks.exited({ code, signal: signal || null, isKilled });
    afterLastMessage(worker, () => (isListening ? report() : afterOwnSignal(signal, report)));
  });
  worker.once('disconnect', () => unlessExiting(worker, () => callbacks.disconnected()));
  worker.on('error', (error) => {
    // A process that could not be made has no pid, and no exit follows. Any other error is of a channel that breaks while
    // its worker exits, which is harmless, but would end this process if there was no listener.
    if (worker.process.pid === undefined) callbacks.forkFailed(error);
  });
  return {
    pid: worker.process.pid,
    isDebugged,
    send(message) {
      if (message.type !== 'drain' || isListening) send(message);
      // Before its hello a worker does not read messages. It is not acknowledged either, so it serves no request yet. One that
      // fails exits by itself, when it has run the handlers that report the error.
      else if (!isFailing) kill();
    },
    broadcast(broadcast, written) {
      if (isListening) send({ type: 'deliver', ...broadcast }, written);
      else written();
    },
    kill,
  };
}

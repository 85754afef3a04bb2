// Ends the process: gracefully, on a signal or an uncaught error; at once, when a person sends a second signal.
import process from 'node:process';
import closeWithGrace from 'close-with-grace';

export interface ExitHandlers {
  /** Called once. When it settles, the process exits: with code 1 if it rejects or the cause is an error, else with 0. */
  stop(cause: ExitCause): Promise<void>;
  /** A person sent a second signal, and does not want to wait any longer. */
  force(signal: NodeJS.Signals): void;
  /** One more uncaught error while `stop` runs: it changes nothing. */
  failedAgain(error: unknown): void;
}

export type ExitCause =
  | { readonly type: 'signal'; readonly signal: NodeJS.Signals }
  /** Uncaught, in this process. */
  | { readonly type: 'error'; readonly error: unknown }
  | { readonly type: 'requested' };

export interface ProcessEnd {
  /** Ends the process as a signal does. */
  end(): void;
  uninstall(): void;
}

/**
 * A signal within this many ms of the first one is the same request. Some tools signal a process and then its group
 * (coreutils' `timeout`), or pass on a signal that the group has received anyway (`node --watch`, `tsx watch`). They do so
 * within 1 ms, even on an overloaded machine, while a person needs at least 100 ms. If a hasty second Ctrl-C is taken for
 * the first, the person presses it a third time; the opposite mistake would lose requests.
 */
const SAME_REQUEST_MS = 500;

/** In a terminal, SIGHUP means that the terminal is gone. */
export function isInTerminal(): boolean {
  return process.stdin.isTTY || process.stdout.isTTY;
}

export function handleExit({ stop, force, failedAgain }: ExitHandlers): ProcessEnd {
  let cause: ExitCause | undefined;
  let signalledAt: number | undefined;
  let isForced = false;
  const grace = closeWithGrace({ delay: false, logger: false, skip: [...EVERY_EVENT] }, async () => {
    await stop(cause ?? { type: 'requested' });
    if (cause?.type === 'error') throw cause.error;
  });
  const begin = (first: ExitCause): void => {
    cause = first;
    grace.close();
  };
  const onSignal = (signal: NodeJS.Signals): void => {
    const now = performance.now();
    signalledAt ??= now;
    if (cause === undefined) return begin({ type: 'signal', signal });
    // After an uncaught error this may be the first signal: its sender knows nothing of the error.
    if (isForced || now - signalledAt < SAME_REQUEST_MS) return;
    isForced = true;
    force(signal);
  };
  const onError = (error: unknown): void => {
    if (cause === undefined) begin({ type: 'error', error });
    else failedAgain(error);
  };
  const signals: readonly NodeJS.Signals[] = [
    'SIGTERM',
    'SIGINT',
    'SIGQUIT',
    ...(isInTerminal() ? (['SIGHUP'] as const) : []),
  ];
  for (const signal of signals) process.on(signal, onSignal);
  // Node reports unhandled rejections here, too.
  process.on('uncaughtException', onError);
  return {
    end() {
      if (cause === undefined) begin({ type: 'requested' });
    },
    uninstall() {
      for (const signal of signals) process.removeListener(signal, onSignal);
      process.removeListener('uncaughtException', onError);
    },
  };
}

/** Everything that close-with-grace would listen to: it forces the exit on any second signal or error, however soon. */
const EVERY_EVENT: NonNullable<closeWithGrace.Options['skip']> = [
  'SIGHUP',
  'SIGINT',
  'SIGQUIT',
  'SIGILL',
  'SIGTRAP',
  'SIGABRT',
  'SIGBUS',
  'SIGFPE',
  'SIGSEGV',
  'SIGUSR2',
  'SIGTERM',
  'uncaughtException',
  'unhandledRejection',
  'beforeExit',
];

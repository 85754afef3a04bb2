// The end of the process: gracefully, on a signal or an uncaught error; at once, when a person asks for it again.
import process from 'node:process';
import closeWithGrace from 'close-with-grace';

export interface ExitHandlers {
  /** Called once. The process ends when it settles: with code 0, or 1 if it rejects, or was called for an error. */
  stop(cause: ExitCause): Promise<void>;
  /** A person does not want to wait any longer. */
  force(signal: NodeJS.Signals): void;
  /** One more error that nobody caught, on the way out: it changes nothing. */
  failedAgain(error: unknown): void;
}

export type ExitCause =
  | { readonly type: 'signal'; readonly signal: NodeJS.Signals }
  /** Nobody caught it in this process. */
  | { readonly type: 'error'; readonly error: unknown }
  | { readonly type: 'requested' };

export interface ProcessEnd {
  /** Ends the process, as a signal does. */
  end(): void;
  uninstall(): void;
}

/**
 * What comes within this many ms of the first signal is the same request. Whoever signals a process and then its group
 * (coreutils' `timeout`), or hands on what the group was sent as well (`node --watch`, `tsx watch`), does so within 1 ms,
 * also on a machine that is overloaded; a person needs 100 ms at the least. To take a hasty second Ctrl-C for the first
 * costs a third one; the other mistake would cost requests.
 */
const SAME_REQUEST_MS = 500;

/** Started from a terminal, SIGHUP means that the terminal is gone. */
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
  const begin = (its: ExitCause): void => {
    cause = its;
    grace.close();
  };
  const hearSignal = (signal: NodeJS.Signals): void => {
    const now = performance.now();
    signalledAt ??= now;
    if (cause === undefined) return begin({ type: 'signal', signal });
    // After an error this may be the first one: whoever sends it knows nothing of the error.
    if (isForced || now - signalledAt < SAME_REQUEST_MS) return;
    isForced = true;
    force(signal);
  };
  const hearError = (error: unknown): void => {
    if (cause === undefined) begin({ type: 'error', error });
    else failedAgain(error);
  };
  const signals: readonly NodeJS.Signals[] = [
    'SIGTERM',
    'SIGINT',
    'SIGQUIT',
    ...(isInTerminal() ? (['SIGHUP'] as const) : []),
  ];
  for (const signal of signals) process.on(signal, hearSignal);
  // Rejections that nobody handles are among them.
  process.on('uncaughtException', hearError);
  return {
    end() {
      if (cause === undefined) begin({ type: 'requested' });
    },
    uninstall() {
      for (const signal of signals) process.removeListener(signal, hearSignal);
      process.removeListener('uncaughtException', hearError);
    },
  };
}

/** All that close-with-grace would listen to: it forces the end on any second signal or error, however soon it comes. */
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

// Ends the process: gracefully, on a signal or an uncaught error; at once, when a person sends a second signal.
import process from 'node:process';
import closeWithGrace from 'close-with-grace';
import { signalEvent } from './exit-handlers.ts';
import type { EndingEvent, ExitHandlers, HeldEvents } from './exit-handlers.ts';
import { isUnderNodemon } from './nodemon.ts';

export interface Exit {
  /** Those of others run when `stop` has settled, before the process exits. */
  readonly handlers: ExitHandlers;
  /** How long they may take. */
  readonly closeMs: number;
  /** Called once. When it settles, the process exits: with code 1 if it rejects or the cause is an error, else with 0. */
  stop(cause: ExitCause): Promise<void>;
  /** A person sent a second signal, and does not want to wait any longer. */
  force(signal: NodeJS.Signals): void;
  /** One more uncaught error while `stop` runs: it changes nothing. Called at most 100 times. */
  failedAgain(error: unknown): void;
}

export type ExitCause =
  | { readonly type: 'signal'; readonly signal: NodeJS.Signals }
  /** Uncaught, in this process. */
  | { readonly type: 'error'; readonly error: unknown; readonly event: EndingEvent }
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

/** A logger may itself cause an uncaught error with each line: to tell every one of them would never end, and starve the rest. */
const MOST_TOLD_AGAIN = 100;

function isInTerminal(): boolean {
  return process.stdin.isTTY || process.stdout.isTTY;
}

/** Ask for a rolling restart. In a terminal, SIGHUP means that the terminal is gone; under nodemon, SIGUSR2 means an end. */
export function restartSignals(): readonly NodeJS.Signals[] {
  return [
    ...(isUnderNodemon() ? [] : (['SIGUSR2'] as const)),
    ...(isInTerminal() ? [] : (['SIGHUP'] as const)),
  ];
}

/** Signals that end the process. */
export function exitSignals(): readonly NodeJS.Signals[] {
  const restarts = restartSignals();
  const others = (['SIGUSR2', 'SIGHUP'] as const).filter((signal) => !restarts.includes(signal));
  return ['SIGTERM', 'SIGINT', 'SIGQUIT', ...others];
}

/** Handlers of others for these are held back, in a process that is no worker. */
export function heldEvents(): HeldEvents {
  return { signals: exitSignals(), signalsIfEnding: restartSignals() };
}

export function handleExit({ handlers, closeMs, stop, force, failedAgain }: Exit): ProcessEnd {
  let cause: ExitCause | undefined;
  let signalledAt: number | undefined;
  let isForced = false;
  const grace = closeWithGrace({ delay: false, logger: false, skip: [...EVERY_EVENT] }, async () => {
    const first = cause ?? { type: 'requested' };
    const failed = await stop(first).then(
      () => first.type === 'error',
      () => true,
    );
    // A person who forces the end does not want to wait for anything.
    if (!isForced) {
      await handlers.run(eventOf(first), {
        exitCode: () => (failed ? 1 : 0),
        withinMs: closeMs,
        failed: failedAgain,
      });
    }
    if (failed) throw new Error('for the exit code');
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
  let toldAgain = 0;
  const onError = (error: unknown, origin: unknown): void => {
    if (cause === undefined) return begin({ type: 'error', error, event: handlers.eventOf(error, origin) });
    toldAgain += 1;
    if (toldAgain <= MOST_TOLD_AGAIN) failedAgain(error);
  };
  const uninstallers = [
    ...exitSignals().map((signal) => handlers.listen(signal, onSignal)),
    // Node reports unhandled rejections here, too.
    handlers.listen('uncaughtException', onError),
  ];
  return {
    end() {
      if (cause === undefined) begin({ type: 'requested' });
    },
    uninstall() {
      // A process that is about to exit is still ours.
      if (cause === undefined) for (const uninstall of uninstallers) uninstall();
    },
  };
}

/** Where no signal came, handlers hear of SIGTERM: that is where they expect the end of a process. */
function eventOf(cause: ExitCause): EndingEvent {
  switch (cause.type) {
    case 'signal':
      return signalEvent(cause.signal);
    case 'error':
      return cause.event;
    case 'requested':
      return signalEvent('SIGTERM');
  }
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

// Signals become events, and the end of the process becomes an exit code.
import process from 'node:process';
import closeWithGrace from 'close-with-grace';
import { toPlainError } from '../error-info.ts';
import { NotAnErrorError } from '../errors.ts';
import { show } from '../show.ts';

type AllEvents = NonNullable<closeWithGrace.Options['skip']>[number];

export interface SignalHandlers {
  /** SIGUSR2; SIGHUP unless started from a terminal, where it means that the terminal is gone. */
  restart(): void;
  /** SIGTTIN and SIGTTOU. */
  step(by: 1 | -1): void;
  /** SIGTERM, SIGINT, SIGQUIT. Settles when all is over; what it rejects with makes the exit code 1. */
  stop(cause: StopCause): Promise<void>;
  /** Any of them, or an uncaught error, for the second time: end everybody now, for the process ends on return. */
  force(cause: string): void;
}

export interface StopCause {
  readonly signal: string | null;
  /** What nobody caught in this process. */
  readonly error: unknown;
}

export interface Signals {
  /** Ends the process: with code 0, or 1 when `stop` rejects. */
  end(): void;
  uninstall(): void;
}

/** Left alone: crashes, which a listener would turn into hangs; and the loop running empty, which is no reason. */
const SKIPPED: readonly AllEvents[] = [
  'SIGILL',
  'SIGTRAP',
  'SIGABRT',
  'SIGBUS',
  'SIGFPE',
  'SIGSEGV',
  'SIGUSR2',
  'beforeExit',
];

export function handleSignals({ restart, step, stop, force }: SignalHandlers): Signals {
  const inTerminal = process.stdin.isTTY || process.stdout.isTTY;
  const own: readonly (readonly [NodeJS.Signals, () => void])[] = [
    ['SIGUSR2', restart],
    ['SIGTTIN', () => step(1)],
    ['SIGTTOU', () => step(-1)],
    ...(inTerminal ? [] : [['SIGHUP', restart] as const]),
  ];
  for (const [signal, handler] of own) process.on(signal, handler);
  const grace = closeWithGrace(
    {
      // The fleet keeps its own deadlines.
      delay: false,
      logger: false,
      skip: inTerminal ? [...SKIPPED] : [...SKIPPED, 'SIGHUP'],
      onSecondSignal: force,
      onSecondError: () => force('uncaught error'),
    },
    async (cause) => {
      // Whatever was thrown, be it undefined: close-with-grace takes some of it for no error.
      const error = 'err' in cause ? (cause.err ?? new NotAnErrorError(show(cause.err))) : undefined;
      await stop({ signal: cause.signal ?? null, error });
      if (error !== undefined) throw toPlainError(error);
    },
  );
  return {
    end: () => grace.close(),
    uninstall() {
      grace.uninstall();
      for (const [signal, handler] of own) process.removeListener(signal, handler);
    },
  };
}

// Handles the signals that change the fleet. Those that end the process are in process/exit.ts.
import process from 'node:process';
import { isInTerminal } from '../process/exit.ts';

export interface SignalHandlers {
  /** SIGUSR2. Also SIGHUP, unless the process was started from a terminal, where it means that the terminal is gone. */
  restart(): void;
  /** SIGTTIN and SIGTTOU. */
  step(by: 1 | -1): void;
}

/** Returns a function that removes the handlers. */
export function handleSignals({ restart, step }: SignalHandlers): () => void {
  const handlers: readonly (readonly [NodeJS.Signals, () => void])[] = [
    ['SIGUSR2', restart],
    ['SIGTTIN', () => step(1)],
    ['SIGTTOU', () => step(-1)],
    ...(isInTerminal() ? [] : [['SIGHUP', restart] as const]),
  ];
  for (const [signal, handler] of handlers) process.on(signal, handler);
  return () => {
    for (const [signal, handler] of handlers) process.removeListener(signal, handler);
  };
}

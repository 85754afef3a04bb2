// Signals to a primary that serves become events. Those that end it are in exit.ts.
import process from 'node:process';
import { isInTerminal } from '../process/exit.ts';

export interface SignalHandlers {
  /** SIGUSR2; SIGHUP unless started from a terminal, where it means that the terminal is gone. */
  restart(): void;
  /** SIGTTIN and SIGTTOU. */
  step(by: 1 | -1): void;
}

/** Returns what uninstalls it. */
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

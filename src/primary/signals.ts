// Handles the signals that change the fleet. Those that end the process are in process/exit.ts.
import type { ExitHandlers } from '../process/exit-handlers.ts';
import { restartSignals } from '../process/exit.ts';

export interface SignalHandlers {
  /** SIGUSR2 and SIGHUP, unless they end the process. */
  restart(): void;
  /** SIGTTIN and SIGTTOU. */
  step(by: 1 | -1): void;
}

/** Returns a function that removes the handlers. */
export function handleSignals(exitHandlers: ExitHandlers, { restart, step }: SignalHandlers): () => void {
  const handlers: readonly (readonly [NodeJS.Signals, () => void])[] = [
    ...restartSignals().map((signal) => [signal, restart] as const),
    ['SIGTTIN', () => step(1)],
    ['SIGTTOU', () => step(-1)],
  ];
  const uninstallers = handlers.map(([signal, handler]) => exitHandlers.listen(signal, handler));
  return () => {
    for (const uninstall of uninstallers) uninstall();
  };
}

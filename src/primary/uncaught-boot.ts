// Keeps Node from printing an error a second time that the primary has told already, if nobody catches it.
import process from 'node:process';
import { writeLine } from '../process/stderr.ts';

let uninstallLast: () => void = () => undefined;

/**
 * The process ends as if Node had printed the error: with exit code 1, unless another listener decides otherwise.
 * @param instead what is printed
 */
export function endWithoutPrinting(told: Error, instead: string): void {
  const onUncaught = (error: unknown): void => {
    if (process.listenerCount('uncaughtException') > 1) return;
    if (error === told) {
      writeLine(instead);
      process.exit(1);
    }
    // Any other error is for Node to print. Thrown here, it would change the exit code.
    uninstall();
    process.nextTick(() => {
      throw error;
    });
  };
  const uninstall = (): void => void process.removeListener('uncaughtException', onUncaught);
  process.on('uncaughtException', onUncaught);
  uninstallLast = uninstall;
}

/** To be called when the service is started once more. */
export function printAgain(): void {
  uninstallLast();
}

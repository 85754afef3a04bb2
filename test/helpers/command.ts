// What the long-running commands share: numbers on the command line, the clean-up when they are interrupted, the verdict.
import process from 'node:process';

/** @throws it is given, and not a number above 0 */
export function numberAbove0<F>(option: string, value: string | undefined, fallback: F): number | F {
  if (value === undefined) return fallback;
  const number = Number(value);
  if (Number.isFinite(number) && number > 0) return number;
  throw new Error(`--${option}: '${value}' is not a number above 0`);
}

/** @throws it is given, and not a whole number from 1 on */
export function wholeNumber<F>(option: string, value: string | undefined, fallback: F): number | F {
  if (value === undefined) return fallback;
  const number = Number(value);
  if (Number.isSafeInteger(number) && number >= 1) return number;
  throw new Error(`--${option}: '${value}' is not a whole number from 1 on`);
}

/** Runs before the process ends by Ctrl-C or SIGTERM, so that no service outlives the command. */
export function onInterrupt(cleanUp: () => Promise<unknown>): void {
  for (const signal of ['SIGINT', 'SIGTERM'] as const) {
    process.once(signal, () => void cleanUp().finally(() => process.exit(1)));
  }
}

/** Prints the last line of the command, and sets its exit code. */
export function conclude({ passed, failed }: { readonly passed: number; readonly failed: number }): void {
  console.log(`\n${passed} passed, ${failed} failed`);
  process.exitCode = failed === 0 ? 0 : 1;
}

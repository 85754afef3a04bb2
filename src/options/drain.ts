// Section: how a worker ends, in a rollout as in a shutdown.
import { invalid, ms } from './checks.ts';

export interface DrainOptions {
  /**
   * How long `app.close()`, and with it every onClose hook, may take once no connection is left, in ms; then the worker is
   * killed.
   * @default 2_000
   */
  closeMs?: number | undefined;
}

export const checkCloseMs = ms({ default: 2_000, min: 1 });

/** Otherwise the grace would end before any connection had been idle for long enough. */
export function idleWithinGrace(
  { idleMs, graceMs }: { readonly idleMs: number; readonly graceMs: number },
  name: string,
): void {
  if (idleMs > graceMs) throw invalid(`${name}.idleMs`, idleMs, `at most ${name}.graceMs (${graceMs})`);
}

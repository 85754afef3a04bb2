// Waits until the event loop has polled for I/O once.
import { setImmediate } from 'node:timers/promises';

/**
 * The first setImmediate may run before the next poll phase, but a whole poll phase lies between it and the second one.
 * Resolves with how long ago, in ms, that phase can have begun: everything that was readable then has been handled.
 */
export async function wholePollPhase(): Promise<number> {
  await setImmediate();
  const before = performance.now();
  await setImmediate();
  return performance.now() - before;
}

// Waits for the event loop to have looked at the network once.
import { setImmediate } from 'node:timers/promises';

/**
 * The first setImmediate may come before the next poll phase; between it and the second one lies a whole one.
 * Settles with how old what was seen may be by now, in ms: all else that was seen has been dealt with in between.
 */
export async function wholePollPhase(): Promise<number> {
  await setImmediate();
  const before = performance.now();
  await setImmediate();
  return performance.now() - before;
}

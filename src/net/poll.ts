// Waits until the event loop has polled the network once.
import { setImmediate } from 'node:timers/promises';

/**
 * The first setImmediate may run before the next poll phase, but between it and the second one lies a whole one.
 * Returns how old, in ms, the news of that poll phase may be: everything that it reported has been handled since.
 */
export async function wholePollPhase(): Promise<number> {
  await setImmediate();
  const before = performance.now();
  await setImmediate();
  return performance.now() - before;
}

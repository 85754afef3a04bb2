// Waits for the event loop to have looked at the network once.
import { setImmediate } from 'node:timers/promises';

/** The first setImmediate may come before the next poll phase; between it and the second one lies a whole one. */
export async function wholePollPhase(): Promise<void> {
  await setImmediate();
  await setImmediate();
}

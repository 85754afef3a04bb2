// The channel is closed: has the primary exited, or has something in the app closed the channel?
import process from 'node:process';
import { setTimeout } from 'node:timers/promises';

/** The kernel closes the descriptors of an exiting process a moment before its children get another parent. */
const MAX_EXIT_MS = 500;

const CHECK_MS = 10;

/** Settles as soon as it is certain. `primary`: its pid. */
export async function isPrimaryGone(primary: number): Promise<boolean> {
  const deadline = performance.now() + MAX_EXIT_MS;
  while (process.ppid === primary) {
    if (performance.now() >= deadline) return false;
    await setTimeout(CHECK_MS);
  }
  return true;
}

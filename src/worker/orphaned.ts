// The channel is closed: is the primary gone, or has something in the app closed it?
import process from 'node:process';
import { setTimeout } from 'node:timers/promises';

/** A process that dies closes its descriptors a moment before its children get another parent. */
const DYING_MS = 500;

/** How often to look, in ms. */
const LOOK_MS = 10;

/** Settles as soon as it is known. `primary`: its pid. */
export async function isOrphaned(primary: number): Promise<boolean> {
  const deadline = performance.now() + DYING_MS;
  while (process.ppid === primary) {
    if (performance.now() >= deadline) return false;
    await setTimeout(LOOK_MS);
  }
  return true;
}

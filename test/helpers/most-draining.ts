// How many workers drained at once at most, by a log from its first line on.
import type { LogLine } from './service-log.ts';

/** Without boots that were cancelled: they have served nobody, and go at once. */
export function mostDraining(log: readonly LogLine[]): number {
  const draining = new Set<number | null>();
  let most = 0;
  for (const { msg, worker, cause } of log) {
    if (worker === undefined) continue;
    if (msg === 'worker draining' && cause !== 'cancelled') draining.add(worker.pid);
    if (msg === 'worker exited') draining.delete(worker.pid);
    most = Math.max(most, draining.size);
  }
  return most;
}

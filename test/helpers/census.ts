// Counts workers by the lines of the log, so that no moment between two calls of status() is missed.
import type { LogLine } from './service.ts';

export interface Census {
  readonly ready: number;
  /** Booting or ready. */
  readonly active: number;
}

/** The counts after every line. */
export function census(log: readonly LogLine[]): readonly Census[] {
  const states = new Map<number, 'booting' | 'ready'>();
  return log.map(({ msg, worker }) => {
    if (worker !== undefined && worker.pid !== null) {
      if (msg === 'worker forked') states.set(worker.pid, 'booting');
      else if (msg === 'worker ready') states.set(worker.pid, 'ready');
      else if (GONE.has(msg)) states.delete(worker.pid);
    }
    const ready = [...states.values()].filter((state) => state === 'ready').length;
    return { ready, active: states.size };
  });
}

const GONE = new Set([
  'worker draining',
  'worker killed',
  'worker failing',
  'worker exited',
  'worker crashed',
]);

// Section: how many workers serve.
import { asNumber, count, invalid, orVariable } from './checks.ts';
import type { Check } from './checks.ts';

export interface WorkersOptions {
  /**
   * How many workers serve, at most 1,024. `'auto'`: the environment variable `WEB_CONCURRENCY`, else one for each CPU
   * that this process may use, by its affinity and by the CPU quota of its container, rounded down; but no more than its
   * memory limit has room for. It is at least 1. `0`: no workers; this process serves by itself.
   * @default 'auto'
   */
  workers?: number | 'auto' | undefined;
}

/** No option, no `scale()` and no signal leads to more workers than this. */
export const MAX_WORKERS = 1024;

const automatic = orVariable(
  'WEB_CONCURRENCY',
  count({ default: ({ capacity }) => Math.min(capacity.workers, MAX_WORKERS), max: MAX_WORKERS }),
  asNumber,
);

export const checkWorkers: Check<number> = (value, name, runtime) => {
  if (value === undefined || value === 'auto') return automatic(undefined, name, runtime);
  if (isSize(value, 0)) return value;
  throw invalid(name, value, `'auto' or a whole number from 0 to ${MAX_WORKERS}`);
};

/** The size that a fleet is scaled to. There is no default, and a fleet cannot be scaled to zero. */
export function validateSize(value: unknown, name: string): number {
  if (isSize(value, 1)) return value;
  throw invalid(name, value, `a whole number from 1 to ${MAX_WORKERS}`);
}

function isSize(value: unknown, min: number): value is number {
  return typeof value === 'number' && Number.isInteger(value) && value >= min && value <= MAX_WORKERS;
}

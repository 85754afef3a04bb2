// Section: how workers boot.
import { count, group, ms } from './checks.ts';
import type { ChecksOf } from './checks.ts';
import { MAX_WORKERS } from './workers.ts';

/** How workers boot. */
export interface BootOptions {
  /**
   * How long a worker may take from its fork until it is ready, in ms. The primary kills a worker that takes longer, unless
   * a debugger is open in it.
   * @default 30_000
   */
  timeoutMs?: number | undefined;
  /**
   * How many workers may boot at once. The primary forks the others one by one, as these get ready or fail. Boots share
   * the CPUs: all at once, each would take as long as the last. `cpus` are those that this process may use, whole ones of a quota.
   * @default Math.max(2 * cpus, 4)
   */
  concurrency?: number | undefined;
}

export const checkBoot = group({
  timeoutMs: ms({ default: 30_000, min: 1 }),
  concurrency: count({
    default: ({ capacity }) => Math.min(Math.max(2 * capacity.cpus, 4), MAX_WORKERS),
    min: 1,
    max: MAX_WORKERS,
  }),
} satisfies ChecksOf<BootOptions>);

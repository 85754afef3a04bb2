// Says how many workers there is room for: by CPUs, and by memory.
import type { Capacity } from '../../options/index.ts';
import type { Limits } from './limits.ts';

const MIB = 2 ** 20;

/**
 * What one worker has at least, in bytes, so that it has room to spare. Measured in a cgroup, under load: a worker of a small app
 * uses 35 MiB, one of a common app (Fastify with 11 plugins, pg and undici) 70 MiB. The rest is for what a rollout adds, a
 * successor and a worker that drains, and for a heap of twice what a common app lives on: docs/resources.md has the sum.
 */
export const LEAST_MEMORY = 128 * MIB;

/** What the primary needs, in bytes: measured, 35 MiB of its own, and 45 MiB of Node's code, which it shares with the workers. */
export const PRIMARY_MEMORY = 80 * MIB;

/** At least one worker, however little there is. */
export function capacityOf({ affinity, quota, memory }: Limits): Capacity {
  // A worker for half a CPU would be throttled half of the time, and with it every request that it has accepted.
  const cpus = Math.max(1, Math.floor(Math.min(affinity.value, quota?.value ?? Infinity)));
  return {
    cpus,
    workers: Math.max(1, Math.min(cpus, workersIn(memory?.value))),
    memoryBytes: memory?.value ?? null,
  };
}

/** How many workers memory has room for. */
export function workersIn(memoryBytes = Infinity): number {
  return Math.floor((memoryBytes - PRIMARY_MEMORY) / LEAST_MEMORY);
}

// What the public status says of the resources: what was found, and what follows from it for a fleet of this size.
import type { Settings } from '../../options/index.ts';
import type { ResourcesStatus } from '../../status.ts';
import { hasOwnHeap, heapMbOf } from './heap.ts';
import type { Resources } from './resources.ts';

export interface Fleet {
  readonly size: number;
  /** The names of the options of Node that its workers are started with. */
  readonly options: ReadonlySet<string>;
}

export function resourcesStatus(
  { limits, capacity }: Pick<Resources, 'limits' | 'capacity'>,
  settings: Pick<Settings, 'heapShare' | 'policy'>,
  { size, options }: Fleet,
): ResourcesStatus {
  const { affinity, quota, memory } = limits;
  return {
    cpus: affinity,
    cpuQuota: quota,
    memory,
    capacity: capacity.workers,
    heapMb: hasOwnHeap(options) ? null : heapMbOf(settings, size, capacity.memoryBytes),
  };
}

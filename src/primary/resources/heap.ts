// Divides the memory limit among the heaps of the workers: how much each gets, and how Node is told.
import { mostDraining } from '../../fleet/policy.ts';
import type { Settings } from '../../options/index.ts';
import type { Launch } from '../processes/worker-process.ts';
import { optionsOf } from '../releases/node-options.ts';

const MIB = 2 ** 20;

/** With less, a common app does not even boot: measured, with 25 MiB it runs out of memory, with 32 it serves under load. */
const LEAST_HEAP_MB = 32;

/** Each of them says how large the heap may get: https://nodejs.org/api/cli.html#--max-old-space-sizesize-in-mib */
const BY_USER = ['--max-old-space-size', '--max-old-space-size-percentage', '--max-heap-size'];

/**
 * The limit of each worker's heap, in MiB, in a fleet of this size. As many processes as there may be at once share the limit:
 * the workers, those that a rollout forks besides, and those that drain. Null: memory is not limited.
 */
export function heapMbOf(
  { heapShare, policy }: Pick<Settings, 'heapShare' | 'policy'>,
  size: number,
  memoryBytes: number | null,
): number | null {
  if (memoryBytes === null) return null;
  const { maxSurge, maxDraining } = policy.rollout;
  // Without a bound it is one for each worker, as many as a single rollout leaves behind. A slot has no more than one successor.
  const draining = maxDraining === Infinity ? size : mostDraining(policy, size);
  const processes = size + Math.min(maxSurge, size) + draining;
  return Math.max(LEAST_HEAP_MB, Math.floor((memoryBytes * heapShare) / processes / MIB));
}

/** Does the user say how large heaps may get, by these options of Node? Then that counts. */
export function hasOwnHeap(options: ReadonlySet<string>): boolean {
  return BY_USER.some((name) => options.has(name));
}

export function withHeap(launch: Launch, heapMb: number | null): Launch {
  if (heapMb === null || hasOwnHeap(optionsOf(launch))) return launch;
  return { ...launch, execArgv: [...launch.execArgv, `--max-old-space-size=${heapMb}`] };
}

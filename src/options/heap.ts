// Section: how much of a memory limit the heaps of the workers may take.
import { invalid, withDefault } from './checks.ts';

export interface HeapOptions {
  /**
   * The share of the memory limit of the container, or of the systemd unit, that the heaps of all workers together may
   * take, from above 0 to 1. Each worker gets its part as `--max-old-space-size`; the sum counts those that a rollout adds:
   * `workers`, `rollout.maxSurge` and `rollout.maxDraining`. The rest is for what lies outside of the heap: code, buffers,
   * stacks and the primary. Nothing is set where there is no limit, or where `execArgv` or NODE_OPTIONS set the heap's size.
   * @default 0.6
   */
  heapShare?: number | undefined;
}

export const checkHeapShare = withDefault<number>(
  () => 0.6,
  (value, name) => {
    if (typeof value === 'number' && value > 0 && value <= 1) return value;
    throw invalid(name, value, 'a number above 0, up to 1');
  },
);

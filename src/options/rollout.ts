// Section: the rolling restart.
import type { Policy } from '../fleet/policy.ts';
import { asNumber, count, group, invalid, ms, optional } from './checks.ts';
import type { ChecksOf, Runtime } from './checks.ts';
import { idleWithinGrace } from './drain.ts';
import { MAX_WORKERS } from './workers.ts';

/** The rolling restart. `maxSurge` and `maxUnavailable` mean what they mean in a Kubernetes Deployment. */
export interface RolloutOptions {
  /**
   * How many workers there may be above `workers`; draining ones do not count. With `maxSurge >= workers` every successor
   * is ready before the first old worker drains, so an abort is a full rollback.
   * @default 1
   */
  maxSurge?: number | undefined;
  /**
   * How many workers may be missing. At least 1 when `maxSurge` is 0.
   * @default 0
   */
  maxUnavailable?: number | undefined;
  /**
   * How long a successor must have been ready before the old worker drains, in ms. If it fails sooner, the rollout is
   * aborted.
   * @default 1_000
   */
  minReadyMs?: number | undefined;
  /**
   * A draining worker closes a connection that has been idle for this long, in ms, and the WebSockets of @fastify/websocket
   * within this time.
   * @default 5_000
   */
  idleMs?: number | undefined;
  /**
   * How long requests in flight may take in a draining worker, in ms; then it cuts them.
   * @default 30_000
   */
  graceMs?: number | undefined;
  /**
   * How many workers may drain at once, those of former rollouts included; with as many, a rollout waits before it drains
   * the next one. Each of them is a process that needs memory, besides `workers` and `maxSurge`. Nothing else waits: not a
   * shutdown, a smaller size, or a worker that fails. `Infinity`: any number.
   * @default the size divided by 4, rounded down, at least 1, where memory is limited; elsewhere Infinity
   */
  maxDraining?: number | undefined;
}

/** Null: it depends on the number of workers, which may change. */
const checkMaxDraining = optional<number>(
  Object.assign(
    (value: unknown, name: string) => {
      if (value === Infinity || (Number.isInteger(value) && Number(value) >= 1)) return Number(value);
      throw invalid(name, value, 'a whole number from 1, or Infinity');
    },
    { read: (set: string) => (set === 'Infinity' ? Infinity : asNumber(set)) },
  ),
);

export const checkRollout = group(
  {
    maxSurge: count({ default: 1, max: MAX_WORKERS }),
    maxUnavailable: count({ default: 0, max: MAX_WORKERS }),
    minReadyMs: ms({ default: 1_000 }),
    idleMs: ms({ default: 5_000 }),
    graceMs: ms({ default: 30_000 }),
    maxDraining: checkMaxDraining,
  } satisfies ChecksOf<RolloutOptions>,
  (rollout, name) => {
    if (rollout.maxSurge === 0 && rollout.maxUnavailable === 0) {
      throw invalid(
        `${name}.maxUnavailable`,
        0,
        `at least 1 when ${name}.maxSurge is 0, else no worker could ever be replaced`,
      );
    }
    idleWithinGrace(rollout, name);
  },
);

/** A process that drains needs as much memory as one that serves. Where memory is not limited, a rollout need not wait. */
export function defaultMaxDraining({ capacity }: Runtime): Policy['rollout']['maxDraining'] {
  return capacity.memoryBytes === null ? Infinity : 'quarter';
}

// Section: the rolling restart.
import { count, group, invalid, ms } from './checks.ts';
import type { ChecksOf } from './checks.ts';
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
   * A draining worker closes a connection that has been idle for this long, in ms.
   * @default 5_000
   */
  idleMs?: number | undefined;
  /**
   * How long requests in flight may take in a draining worker, in ms; then it cuts them.
   * @default 30_000
   */
  graceMs?: number | undefined;
}

export const checkRollout = group(
  {
    maxSurge: count({ default: 1, max: MAX_WORKERS }),
    maxUnavailable: count({ default: 0, max: MAX_WORKERS }),
    minReadyMs: ms({ default: 1_000 }),
    idleMs: ms({ default: 5_000 }),
    graceMs: ms({ default: 30_000 }),
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

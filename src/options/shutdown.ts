// Section: how the whole service stops.
import { group, ms } from './checks.ts';
import type { ChecksOf } from './checks.ts';
import { idleWithinGrace } from './drain.ts';

/** How the whole service stops. */
export interface ShutdownOptions {
  /**
   * How long the service goes on serving, with readiness 503, before it drains, in ms: time for load balancers to notice.
   * A worker that crashes meanwhile is respawned.
   * @default 0
   */
  delayMs?: number | undefined;
  /**
   * Like `rollout.idleMs`, in ms.
   * @default 1_000
   */
  idleMs?: number | undefined;
  /**
   * Like `rollout.graceMs`, in ms. Together with `closeMs` the default stays below the 10 seconds of `docker stop`.
   * @default 7_000
   */
  graceMs?: number | undefined;
}

export const checkShutdown = group(
  {
    delayMs: ms({ default: 0 }),
    idleMs: ms({ default: 1_000 }),
    graceMs: ms({ default: 7_000 }),
  } satisfies ChecksOf<ShutdownOptions>,
  idleWithinGrace,
);

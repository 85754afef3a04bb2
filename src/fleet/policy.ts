// The numbers that the fleet decides by. All times are in milliseconds of awake time.

export interface DrainTimes {
  /** How long a connection must have been idle before it is closed. */
  readonly idleMs: number;
  /** How long requests in flight may take to finish. */
  readonly graceMs: number;
}

export interface Policy {
  /** The largest size that the signals for one more worker lead to. */
  readonly maxWorkers: number;
  readonly boot: {
    readonly timeoutMs: number;
    /** How many workers of one generation may boot at once. */
    readonly concurrency: number;
  };
  readonly respawn: {
    readonly minUptimeMs: number;
    readonly maxEarlyExits: number;
    readonly backoff: { readonly initialMs: number; readonly maxMs: number };
  };
  readonly rollout: DrainTimes & {
    readonly maxSurge: number;
    readonly maxUnavailable: number;
    readonly minReadyMs: number;
    /** How many workers may drain at once. `'quarter'`: a quarter of the slots, at least 1. */
    readonly maxDraining: number | 'quarter';
  };
  readonly shutdown: DrainTimes & { readonly delayMs: number };
  readonly closeMs: number;
  readonly watchdog: { readonly timeoutMs: number } | false;
  /** Do workers that hold more connections than their share give some back? */
  readonly shed: boolean;
}

/** How many workers of a fleet of this size may drain at once before a rollout waits. */
export function mostDraining({ rollout: { maxDraining } }: Policy, size: number): number {
  return maxDraining === 'quarter' ? Math.max(1, Math.floor(size / 4)) : maxDraining;
}

// Section: how soon a worker that failed is replaced, and when the primary gives up.
import { count, group, invalid, ms } from './checks.ts';
import type { ChecksOf } from './checks.ts';

/** How soon a worker that failed is replaced, and when the primary gives up. */
export interface RespawnOptions {
  /**
   * A worker that exits, fails or hangs within this many ms after it became ready exited early, as did one that failed
   * to boot. pm2's `min_uptime` is the same idea.
   * @default 5_000
   */
  minUptimeMs?: number | undefined;
  /**
   * After this many early exits in a row the primary respawns a slot at the slowest pace only (`respawn.backoff.maxMs`).
   * When every slot has come to that and no worker is ready, the primary exits with code 1.
   * @default 10
   */
  maxEarlyExits?: number | undefined;
  /** Exponential backoff with full jitter. The respawn after a first early exit is immediate. */
  backoff?: BackoffOptions | undefined;
}

/** Exponential backoff with full jitter. The respawn after a first early exit is immediate. */
export interface BackoffOptions {
  /**
   * Upper bound of the first delay, in ms. It doubles with every further early exit in a row.
   * @default 100
   */
  initialMs?: number | undefined;
  /**
   * Upper bound of every delay, in ms.
   * @default 30_000
   */
  maxMs?: number | undefined;
}

const checkBackoff = group(
  {
    initialMs: ms({ default: 100, min: 1 }),
    maxMs: ms({ default: 30_000, min: 1 }),
  } satisfies ChecksOf<BackoffOptions>,
  ({ initialMs, maxMs }, name) => {
    if (initialMs > maxMs) throw invalid(`${name}.initialMs`, initialMs, `at most ${name}.maxMs (${maxMs})`);
  },
);

export const checkRespawn = group({
  minUptimeMs: ms({ default: 5_000 }),
  maxEarlyExits: count({ default: 10, min: 1, max: 1_000_000 }),
  backoff: checkBackoff,
} satisfies ChecksOf<RespawnOptions>);

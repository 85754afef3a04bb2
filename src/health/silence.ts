// How much silence of workers means what: it follows from how often they give a sign of life, and from the watchdog.
import type { Silence } from './probes.ts';

/** Two signs may be late, as on a machine that is busy, before a worker counts as blocked. */
const SIGNS_MISSED = 3;

/** However often they come: a shorter pause is no news on a machine that is busy. */
const MIN_BLOCKED_MS = 1_000;

export function silenceOf(heartbeatMs: number, watchdog: { readonly timeoutMs: number } | false): Silence {
  return {
    blockedMs: Math.max(SIGNS_MISSED * heartbeatMs, MIN_BLOCKED_MS),
    // Without a watchdog the operator wants nobody to be killed for a loop that is blocked.
    deadMs: watchdog === false ? Infinity : watchdog.timeoutMs,
  };
}

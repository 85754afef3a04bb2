// Times for tests that are not about them, as options of a service, and the one that a person needs.

/** A quick rollout. */
export const QUICK = { minReadyMs: 50, idleMs: 200 } as const;

/** A rollout that loses nothing even on a slow machine: clients that do not pause are never idle for that long. */
export const GENEROUS = { minReadyMs: 100, idleMs: 2_000 } as const;

/** A drain that ends with its last request: if it waited for one of these, it would outlast the test. */
export const ENDLESS = { idleMs: 600_000, graceMs: 600_000 } as const;

/** The pause before a person's second signal: one that comes sooner counts as the same request. */
export const HUMAN_PAUSE_MS = 600;

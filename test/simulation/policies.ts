// The policies that histories run under: the defaults, and extremes of what users may set.
import type { Policy } from '../../src/fleet/policy.ts';
import { defaultPolicy } from '../helpers/default-policy.ts';

const defaults: Policy = {
  ...defaultPolicy,
  // Small, so that histories reach it.
  maxWorkers: 5,
  boot: { ...defaultPolicy.boot, concurrency: 4 },
};

const { boot, rollout, respawn, shutdown } = defaults;
const backoff = { initialMs: 100, maxMs: 2_000 };

export const policies = {
  defaults,
  'memory-tight': {
    ...defaults,
    boot: { ...boot, concurrency: 1 },
    rollout: { ...rollout, maxSurge: 0, maxUnavailable: 1, maxDraining: 1 },
  },
  'few may drain': { ...defaults, rollout: { ...rollout, maxDraining: 'quarter' } },
  'full surge, few may drain': { ...defaults, rollout: { ...rollout, maxSurge: 8, maxDraining: 2 } },
  'full surge': { ...defaults, rollout: { ...rollout, maxSurge: 8 } },
  'full surge, one may be unavailable': {
    ...defaults,
    boot: { ...boot, concurrency: 2 },
    rollout: { ...rollout, maxSurge: 8, maxUnavailable: 1 },
  },
  'in a hurry': {
    ...defaults,
    respawn: { ...respawn, backoff: { initialMs: 100, maxMs: 150 } },
    rollout: { ...rollout, maxSurge: 2, maxUnavailable: 1, minReadyMs: 0, graceMs: 1_000 },
  },
  'all may be unavailable': { ...defaults, rollout: { ...rollout, maxSurge: 0, maxUnavailable: 8 } },
  'more may be unavailable than may boot': {
    ...defaults,
    boot: { ...boot, concurrency: 1 },
    rollout: { ...rollout, maxSurge: 0, maxUnavailable: 3 },
  },
  'no watchdog': { ...defaults, watchdog: false, closeMs: 500 },
  'no shedding': { ...defaults, shed: false },
  'quick to give up': {
    ...defaults,
    boot: { timeoutMs: 3_000, concurrency: 2 },
    respawn: { minUptimeMs: 3_000, maxEarlyExits: 3, backoff },
    watchdog: { timeoutMs: 6_000 },
  },
  'one early exit is too many': {
    ...defaults,
    respawn: { ...respawn, maxEarlyExits: 1, backoff },
    shutdown: { ...shutdown, delayMs: 10_000 },
  },
  'behind a load balancer': {
    ...defaults,
    rollout: { ...rollout, maxSurge: 2 },
    shutdown: { ...shutdown, delayMs: 5_000 },
    watchdog: { timeoutMs: 9_000 },
  },
  'slow to become available': {
    ...defaults,
    boot: { timeoutMs: 10_000, concurrency: 2 },
    respawn: { ...respawn, minUptimeMs: 2_000, maxEarlyExits: 4, backoff },
    rollout: { ...rollout, minReadyMs: 4_000, graceMs: 3_000 },
    shutdown: { ...shutdown, delayMs: 500 },
  },
} satisfies Record<string, Policy>;

export type PolicyName = keyof typeof policies;

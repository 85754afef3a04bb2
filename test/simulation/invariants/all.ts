// Every invariant. Those of a whole history (it recovers, it is left alone, it ends) are the checker's own.
import { announcements } from './announcements.ts';
import { backoff } from './backoff.ts';
import { capacity } from './capacity.ts';
import { deadlines } from './deadlines.ts';
import { forks } from './forks.ts';
import { knowledge } from './knowledge.ts';
import { leader } from './leader.ts';
import { outages } from './outages.ts';
import { replacement } from './replacement.ts';
import { rollouts } from './rollouts.ts';
import { shedding } from './shedding.ts';
import { shutdown } from './shutdown.ts';
import type { Invariant } from './invariant.ts';

export const invariants: readonly Invariant[] = [
  ...capacity,
  ...forks,
  ...backoff,
  ...outages,
  ...rollouts,
  ...replacement,
  ...deadlines,
  ...shutdown,
  ...knowledge,
  ...announcements,
  ...leader,
  ...shedding,
];

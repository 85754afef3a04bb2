// How fast-check generates histories.
import * as fc from 'fast-check';
import type { Health, History, Trouble } from './history.ts';
import { policies } from './policies.ts';
import type { PolicyName } from './policies.ts';

const delay = fc.oneof(
  { weight: 4, arbitrary: fc.nat(60) },
  { weight: 5, arbitrary: fc.nat(2_500) },
  { weight: 1, arbitrary: fc.nat(35_000) },
);

const pick = fc.nat(15);

const health = fc.oneof(
  { weight: 4, arbitrary: fc.constant<Health>('healthy') },
  {
    weight: 6,
    arbitrary: fc.constantFrom<Health>(
      'broken',
      'flaky',
      'crashy',
      'short-lived',
      'hanging',
      'slow',
      'incompatible',
    ),
  },
);

const release = fc.oneof(
  { weight: 5, arbitrary: health },
  { weight: 1, arbitrary: fc.constant<'same'>('same') },
);

function weighted(weight: number, arbitrary: fc.Arbitrary<Trouble>) {
  return { weight, arbitrary };
}

const trouble = fc.oneof(
  weighted(
    12,
    release.map((release) => ({ type: 'restarts', releases: [release] })),
  ),
  weighted(
    3,
    fc.array(release, { minLength: 2, maxLength: 5 }).map((releases) => ({ type: 'restarts', releases })),
  ),
  weighted(
    8,
    pick.map((pick) => ({ type: 'worker-killed', pick })),
  ),
  weighted(3, fc.constant({ type: 'all-killed' })),
  weighted(
    2,
    pick.map((pick) => ({ type: 'worker-exits', pick })),
  ),
  weighted(
    4,
    pick.map((pick) => ({ type: 'worker-throws', pick })),
  ),
  weighted(
    3,
    pick.map((pick) => ({ type: 'worker-disconnects', pick })),
  ),
  weighted(
    3,
    pick.map((pick) => ({ type: 'worker-ignores-drain', pick })),
  ),
  weighted(
    3,
    fc.tuple(pick, fc.nat(60_000)).map(([pick, ms]) => ({ type: 'worker-frozen', pick, ms })),
  ),
  weighted(
    2,
    fc.tuple(pick, fc.nat(60_000)).map(([pick, ms]) => ({ type: 'worker-debugged', pick, ms })),
  ),
  weighted(
    1,
    pick.map((pick) => ({ type: 'worker-unkillable', pick })),
  ),
  weighted(
    4,
    pick.map((pick) => ({ type: 'worker-retires', pick })),
  ),
  weighted(
    2,
    fc.nat(10_000).map((ms) => ({ type: 'forks-impossible', ms })),
  ),
  weighted(
    4,
    health.map((health) => ({ type: 'release-changes', health })),
  ),
  weighted(
    4,
    fc.integer({ min: 1, max: 5 }).map((size) => ({ type: 'scale', size })),
  ),
  weighted(
    2,
    fc.constantFrom<1 | -1>(1, -1).map((by) => ({ type: 'scale-step', by })),
  ),
  weighted(
    2,
    fc.nat(2_000).map((thenMs) => ({ type: 'last-one-scaled-away', thenMs })),
  ),
  weighted(
    3,
    fc.nat(120_000).map((ms) => ({ type: 'primary-sleeps', ms })),
  ),
  weighted(
    3,
    fc.nat(20_000).map((ms) => ({ type: 'primary-busy', ms })),
  ),
  weighted(
    2,
    fc.boolean().map((force) => ({ type: 'stop', force })),
  ),
);

/** After a stop was requested, a second request is more likely; so is a fleet that cannot go on until it drains. */
const lastTrouble = fc.oneof(
  { weight: 4, arbitrary: trouble },
  { weight: 1, arbitrary: fc.constant<Trouble>({ type: 'stop', force: true }) },
  { weight: 1, arbitrary: fc.constant<Trouble>({ type: 'all-killed' }) },
);

const policyNames = Object.keys(policies).filter((name): name is PolicyName => Object.hasOwn(policies, name));

export const histories: fc.Arbitrary<History> = fc.record({
  policy: fc.constantFrom(...policyNames),
  size: fc.integer({ min: 1, max: 4 }),
  seed: fc.noShrink(fc.nat(0x7fffffff)),
  calmMs: fc.constantFrom(0, 700, 2_500, 2_500),
  isMended: fc.oneof(
    { weight: 9, arbitrary: fc.constant(true) },
    { weight: 1, arbitrary: fc.constant(false) },
  ),
  troubles: fc.array(fc.tuple(delay, trouble), { maxLength: 12, size: 'max' }),
  lastTroubles: fc.oneof(
    { weight: 2, arbitrary: fc.constant([]) },
    { weight: 1, arbitrary: fc.array(fc.tuple(delay, lastTrouble), { maxLength: 5, size: 'max' }) },
  ),
});

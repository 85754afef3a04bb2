// What a history starts from, and how fast-check makes one up: a policy, a size, a seed, and trouble.
import * as fc from 'fast-check';
import { policies } from './policies.ts';
import type { PolicyName } from './policies.ts';

/** How the processes of a release behave. */
export type Health =
  | 'healthy'
  /** Boots, but takes nearly all the time it has. */
  | 'slow'
  /** Fails to boot, and says so, or just exits. */
  | 'broken'
  /** Never gets ready. */
  | 'hanging'
  /** Gets ready, then dies soon. */
  | 'crashy'
  /** Gets ready, proves itself, and then dies. */
  | 'short-lived'
  /** Some of its processes are broken. */
  | 'flaky'
  /** Speaks another version of the protocol. */
  | 'incompatible';

/** `pick` says which of the processes that live at that moment. */
export type Trouble =
  | { readonly type: 'worker-killed'; readonly pick: number }
  | { readonly type: 'all-killed' }
  | { readonly type: 'worker-exits'; readonly pick: number }
  | { readonly type: 'worker-throws'; readonly pick: number }
  | { readonly type: 'worker-deaf'; readonly pick: number }
  | { readonly type: 'worker-frozen'; readonly pick: number; readonly ms: number }
  /** For a while it does not even die of SIGKILL. */
  | { readonly type: 'worker-undying'; readonly pick: number }
  | { readonly type: 'worker-tires'; readonly pick: number }
  | { readonly type: 'forks-impossible'; readonly ms: number }
  /** In quick succession; `same`: what is wanted, once more. */
  | { readonly type: 'restarts'; readonly releases: readonly (Health | 'same')[] }
  /** What is wanted turns out to be, or is made to be, of another health. */
  | { readonly type: 'release-changes'; readonly health: Health }
  | { readonly type: 'scale'; readonly size: number }
  | { readonly type: 'scale-step'; readonly by: 1 | -1 }
  | { readonly type: 'primary-sleeps'; readonly ms: number }
  | { readonly type: 'stop'; readonly force: boolean };

export interface History {
  readonly policy: PolicyName;
  readonly size: number;
  /** Of the world's own randomness: how long things take, which way they fail. */
  readonly seed: number;
  /** Before the first trouble. */
  readonly calmMs: number;
  /** Do the releases become healthy in the end? */
  readonly isMended: boolean;
  /** Each so many milliseconds after the one before. */
  readonly troubles: readonly (readonly [number, Trouble])[];
}

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
    pick.map((pick) => ({ type: 'worker-deaf', pick })),
  ),
  weighted(
    3,
    fc.tuple(pick, fc.nat(60_000)).map(([pick, ms]) => ({ type: 'worker-frozen', pick, ms })),
  ),
  weighted(
    1,
    pick.map((pick) => ({ type: 'worker-undying', pick })),
  ),
  weighted(
    4,
    pick.map((pick) => ({ type: 'worker-tires', pick })),
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
    3,
    fc.nat(120_000).map((ms) => ({ type: 'primary-sleeps', ms })),
  ),
  weighted(
    2,
    fc.boolean().map((force) => ({ type: 'stop', force })),
  ),
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
});

// Which of the workers of a slot it keeps, which one it replaces, and which it does not need.
import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import { createFleet, surveyed } from '../../../src/fleet/fleet.ts';
import type { Fleet, Generation } from '../../../src/fleet/fleet.ts';
import { byPreference, occupantsOf } from '../../../src/fleet/slot.ts';
import type { Active } from '../../../src/fleet/worker.ts';
import { policyWith } from './drive.ts';

const NOW = 100_000;
const STABLE = generation(1);
const SUPERSEDED = generation(2);
const TARGET = generation(3);

function generation(id: number): Generation {
  return { id, entry: `/srv/releases/${id}/main.js`, cwd: `/srv/releases/${id}` };
}

type Kind = 'available' | 'ready' | 'booting' | 'available, retiring' | 'ready, retiring';

/** A worker in slot 0, in words. */
function worker(id: number, kind: Kind, { id: generation }: Generation): Active {
  const life = { id, slot: 0, generation, forkedAt: 0, debugged: false };
  if (kind === 'booting') return { ...life, state: 'booting', recycle: null };
  const readyAt = kind.startsWith('available') ? NOW - 1_000 : NOW - 999;
  const recycle = kind.endsWith('retiring') ? 'requested' : null;
  return { ...life, state: 'ready', readyAt, heardAt: NOW, connections: null, recycle };
}

/** One slot of the given release, with these workers. */
function fleetWith(release: Generation, target: Generation, workers: readonly Active[]): Fleet {
  const fleet = createFleet(policyWith({ rollout: { minReadyMs: 1_000 } }), 1, STABLE);
  return surveyed({
    ...fleet,
    now: NOW,
    phase: { name: 'running' },
    slots: [{ release, backoff: { earlyExits: 0, notBefore: 0 } }],
    target,
    workers,
  });
}

type Look = readonly [kind: Kind, release: Generation];

suite('the preference of a slot among its workers', () => {
  const table: readonly (readonly [why: string, better: Look, worse: Look])[] = [
    ['an available worker before one that has just become ready', ['available', STABLE], ['ready', STABLE]],
    ['whatever its release is', ['available', TARGET], ['ready', STABLE]],
    ['and even if it retires', ['available, retiring', STABLE], ['ready', STABLE]],
    ['of two available ones, that of the release of the slot', ['available', STABLE], ['available', TARGET]],
    ['even if it retires', ['available, retiring', STABLE], ['available', TARGET]],
    [
      'of two that are not available, too, even if it still boots',
      ['booting', STABLE],
      ['ready', SUPERSEDED],
    ],
    ['of one release, a ready worker before one that boots', ['ready', STABLE], ['booting', STABLE]],
    ['even if it retires', ['ready, retiring', STABLE], ['booting', STABLE]],
    [
      'of two available ones, the one that does not retire',
      ['available', STABLE],
      ['available, retiring', STABLE],
    ],
    ['of two ready ones, the one that does not retire', ['ready', STABLE], ['ready, retiring', STABLE]],
  ];

  for (const [why, better, worse] of table) {
    test(`${why}: ${better[0]} of ${better[1].id} before ${worse[0]} of ${worse[1].id}`, () => {
      // The better one has the higher id, so that it is not preferred for its age.
      const [first, second] = [worker(1, ...worse), worker(2, ...better)];
      const fleet = fleetWith(STABLE, TARGET, [first, second]);
      assert.deepEqual([first, second].toSorted(byPreference(fleet, STABLE)), [second, first]);
      assert.deepEqual([second, first].toSorted(byPreference(fleet, STABLE)), [second, first]);
    });
  }

  test('S23: in a slot that is handed over, an old worker before a retiring one of the target, for a rollback', () => {
    const [retiring, old] = [worker(1, 'available, retiring', TARGET), worker(2, 'available', STABLE)];
    const fleet = fleetWith(TARGET, TARGET, [retiring, old]);
    assert.deepEqual([retiring, old].toSorted(byPreference(fleet, TARGET)), [old, retiring]);
    assert.equal(occupantsOf(fleet, 0).outdated, old);
  });

  test('if there is no other difference, the older one', () => {
    const [first, second] = [worker(1, 'available', STABLE), worker(2, 'available', STABLE)];
    const fleet = fleetWith(STABLE, STABLE, [first, second]);
    assert.deepEqual([second, first].toSorted(byPreference(fleet, STABLE)), [first, second]);
  });
});

suite('the occupants of a slot', () => {
  /** Ids, and null where there is none. */
  function occupants(fleet: Fleet, index = 0) {
    const { current, outdated, surplus } = occupantsOf(fleet, index);
    return {
      current: current?.id ?? null,
      outdated: outdated?.id ?? null,
      surplus: surplus.map(({ id }) => id),
    };
  }

  test('no rollout: the one that is there is current, whatever its release is', () => {
    for (const release of [STABLE, SUPERSEDED]) {
      assert.deepEqual(occupants(fleetWith(STABLE, STABLE, [worker(1, 'ready', release)])), {
        current: 1,
        outdated: null,
        surplus: [],
      });
    }
  });

  test('a worker that retires is outdated, and its successor current', () => {
    const retiring = worker(1, 'available, retiring', STABLE);
    assert.deepEqual(occupants(fleetWith(STABLE, STABLE, [retiring])), {
      current: null,
      outdated: 1,
      surplus: [],
    });
    assert.deepEqual(occupants(fleetWith(STABLE, STABLE, [retiring, worker(2, 'booting', STABLE)])), {
      current: 2,
      outdated: 1,
      surplus: [],
    });
  });

  test('in a rollout: the old worker is outdated, and its successor current', () => {
    const workers = [worker(1, 'available', STABLE), worker(2, 'booting', TARGET)];
    assert.deepEqual(occupants(fleetWith(STABLE, TARGET, workers)), { current: 2, outdated: 1, surplus: [] });
  });

  test('until the slot is handed over, a boot of its release is outdated, then it is surplus', () => {
    const workers = [worker(1, 'booting', STABLE), worker(2, 'ready', TARGET)];
    assert.deepEqual(occupants(fleetWith(STABLE, TARGET, workers)), { current: 2, outdated: 1, surplus: [] });
    assert.deepEqual(occupants(fleetWith(TARGET, TARGET, workers)), {
      current: 2,
      outdated: null,
      surplus: [1],
    });
  });

  test('a boot of a release that is neither that of the slot nor the target is surplus, a ready worker may be outdated', () => {
    const boots = [worker(1, 'booting', SUPERSEDED), worker(2, 'booting', TARGET)];
    assert.deepEqual(occupants(fleetWith(STABLE, TARGET, boots)), {
      current: 2,
      outdated: null,
      surplus: [1],
    });
    const ready = [worker(1, 'ready', SUPERSEDED), worker(2, 'booting', TARGET)];
    assert.deepEqual(occupants(fleetWith(STABLE, TARGET, ready)), { current: 2, outdated: 1, surplus: [] });
  });

  test('of two old workers the preferred one is outdated, the other one surplus', () => {
    const workers = [
      worker(1, 'ready', SUPERSEDED),
      worker(2, 'available', STABLE),
      worker(3, 'booting', TARGET),
    ];
    assert.deepEqual(occupants(fleetWith(STABLE, TARGET, workers)), {
      current: 3,
      outdated: 2,
      surplus: [1],
    });
  });

  test('two current workers, after an abort: the one of the release of the slot stays, the other one is surplus', () => {
    const workers = [worker(1, 'available', TARGET), worker(2, 'available', STABLE)];
    assert.deepEqual(occupants(fleetWith(STABLE, STABLE, workers)), {
      current: 2,
      outdated: null,
      surplus: [1],
    });
  });

  test('in a slot that was scaled away all are surplus', () => {
    const scaledAway = [worker(1, 'available', STABLE), worker(2, 'booting', STABLE)];
    const fleet = fleetWith(
      STABLE,
      STABLE,
      scaledAway.map((worker) => ({ ...worker, slot: 1 })),
    );
    assert.deepEqual(occupants(fleet, 1), { current: null, outdated: null, surplus: [1, 2] });
  });
});

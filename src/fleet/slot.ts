// Which workers a slot has, and which it lacks.
import { isAvailable, isOutdated } from './fleet.ts';
import type { Fleet, Generation } from './fleet.ts';
import { inSlot, shareOf } from './occupancy.ts';
import { isReady } from './worker.ts';
import type { Active } from './worker.ts';

/** The active workers of one slot, by what becomes of them. */
export interface Occupants {
  /** The worker to keep. If there is an outdated one, its successor. */
  readonly current: Active | undefined;
  /** The worker to replace. It stays until its successor is available, or there is no room for one. */
  readonly outdated: Active | undefined;
  /** Workers that the slot does not need. */
  readonly surplus: readonly Active[];
}

export function occupantsOf(fleet: Fleet, index: number): Occupants {
  const workers = inSlot(fleet.occupancy, index);
  const slot = fleet.slots[index];
  if (slot === undefined) return { current: undefined, outdated: undefined, surplus: workers };
  const releases = [slot.release.id, fleet.target.id];
  // A boot is of use only if its release is the target, or that of the slot.
  const usable = workers.filter((worker) => isReady(worker) || releases.includes(worker.generation));
  const ranked = usable.length < 2 ? usable : usable.toSorted(byPreference(fleet, slot.release));
  const current = ranked.find((worker) => !isOutdated(fleet, worker));
  const outdated = ranked.find((worker) => isOutdated(fleet, worker));
  return {
    current,
    outdated,
    surplus: workers.filter((worker) => worker !== current && worker !== outdated),
  };
}

type Comparator = (a: Active, b: Active) => number;

/** The order in which a slot prefers its workers: the first comparator that sees a difference decides. */
export function byPreference(fleet: Fleet, release: Generation | undefined): Comparator {
  return inOrder(
    first((worker) => isAvailable(fleet, worker)),
    first((worker) => worker.generation === release?.id),
    first((worker) => worker.state === 'ready'),
    first((worker) => worker.state === 'booting' || worker.recycle === null),
    (a, b) => a.id - b.id,
  );
}

export function inOrder(...comparators: readonly Comparator[]): Comparator {
  return (a, b) => comparators.reduce((sofar, compare) => (sofar === 0 ? compare(a, b) : sofar), 0);
}

/** Workers for which this holds come first. */
export function first(holds: (worker: Active) => boolean): Comparator {
  return (a, b) => Number(holds(b)) - Number(holds(a));
}

/**
 * Does the slot lack a worker to fall back on? That is one of its release, or a ready one of another release than the target:
 * a successor is not, before it is available and the slot is handed over.
 */
export function isVacant({ occupancy, slots, target }: Fleet, index: number): boolean {
  const release = slots[index]?.release.id;
  return !inSlot(occupancy, index).some(
    (worker) => worker.generation === release || (isReady(worker) && worker.generation !== target.id),
  );
}

/** Does its outdated worker, or its release, have to be replaced, and is there no successor yet? */
export function lacksSuccessor(fleet: Fleet, index: number): boolean {
  const { current, outdated } = occupantsOf(fleet, index);
  const isOfOldRelease = fleet.slots[index]?.release.id !== fleet.target.id;
  return current === undefined && (isOfOldRelease || outdated !== undefined);
}

/** May one more worker be forked into the slot? An empty one always has room. */
export function hasRoom({ occupancy, policy }: Fleet, index: number): boolean {
  const surge = occupancy.active - occupancy.occupied;
  return inSlot(occupancy, index).length === 0 || surge < policy.rollout.maxSurge;
}

/**
 * Are as many workers of a generation booting as `boot.concurrency` allows? Boots share the CPUs: if too many run at once, all
 * of them may time out. Each generation is counted by itself, so that a release that hangs does not keep another one from booting.
 */
export function areEnoughBooting({ occupancy, policy }: Fleet, { id }: Generation): boolean {
  return shareOf(occupancy, id).booting >= policy.boot.concurrency;
}

// Which workers a slot has, and which it lacks.
import { isAvailable, isOutdated, isRolling } from './fleet.ts';
import type { Fleet, Generation, Slot } from './fleet.ts';
import { inSlot, shareOf } from './occupancy.ts';
import { isReady, isRecycled } from './worker.ts';
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
  const ranked = workers.length > 1 ? workers.toSorted(byPreference(fleet, slot.release)) : workers;
  let current: Active | undefined;
  let outdated: Active | undefined;
  const surplus: Active[] = [];
  for (const worker of ranked) {
    const isOld = isOutdated(fleet, worker);
    if (!isUsable(fleet, slot, worker) || (isOld ? outdated : current) !== undefined) surplus.push(worker);
    else if (isOld) outdated = worker;
    else current = worker;
  }
  return { current, outdated, surplus };
}

/** A boot is of use only if its release is the target, or that of the slot. */
function isUsable({ target }: Fleet, { release }: Slot, worker: Active): boolean {
  return isReady(worker) || worker.generation === release.id || worker.generation === target.id;
}

type Comparator = (a: Active, b: Active) => number;

/** The order in which a slot prefers its workers: the first comparator that sees a difference decides. */
export function byPreference(fleet: Fleet, release: Generation | undefined): Comparator {
  return inOrder(
    first((worker) => isAvailable(fleet, worker)),
    // A rollback needs the old one, if both are outdated.
    first((worker) => !isRetiringSuccessor(fleet, worker)),
    first((worker) => worker.generation === release?.id),
    first((worker) => worker.state === 'ready'),
    first((worker) => !isRecycled(worker)),
    (a, b) => a.id - b.id,
  );
}

function isRetiringSuccessor(fleet: Fleet, worker: Active): boolean {
  return isRolling(fleet) && worker.generation === fleet.target.id && isRecycled(worker);
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
export function hasRoom(fleet: Fleet, index: number): boolean {
  return inSlot(fleet.occupancy, index).length === 0 || hasSurge(fleet);
}

/** May one more worker be forked into a slot that has one? */
export function hasSurge({ occupancy, policy }: Fleet): boolean {
  return occupancy.active - occupancy.occupied < policy.rollout.maxSurge;
}

/** Is there anything that is to be replaced, or has been, and is still there? */
export function isReplacing(fleet: Fleet): boolean {
  return isRolling(fleet) || fleet.occupancy.recycled > 0;
}

/**
 * Are as many workers of a generation booting as `boot.concurrency` allows? Boots share the CPUs: if too many run at once, all
 * of them may time out. Each generation is counted by itself, so that a release that hangs does not keep another one from booting.
 */
export function areEnoughBooting({ occupancy, policy }: Fleet, { id }: Generation): boolean {
  return shareOf(occupancy, id).booting >= policy.boot.concurrency;
}

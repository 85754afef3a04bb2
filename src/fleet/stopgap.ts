// Rules: when nobody serves in a rollout, what is known to work boots beside what has still to show that it does.
import { isRolling, activeWorkers } from './fleet.ts';
import type { Fleet, Generation } from './fleet.ts';
import { areEnoughBooting, dueSlots, fork, hasRoom, isMissing, isOccupied } from './fork.ts';
import { inSlot, shareOf } from './occupancy.ts';
import { drain } from './turn.ts';
import type { Context, Turn } from './turn.ts';
import type { Active } from './worker.ts';

/** Does nobody serve, although somebody should, while a release is rolled out? */
function isStranded(fleet: Fleet): boolean {
  return fleet.occupancy.ready === 0 && isAtRisk(fleet);
}

/** The same, or does only serve who has not shown yet that it works? */
function isAtRisk(fleet: Fleet): boolean {
  const mustServe = fleet.slots.length > fleet.policy.rollout.maxUnavailable;
  return fleet.phase.name === 'running' && isRolling(fleet) && mustServe && fleet.occupancy.proven === 0;
}

/** One of the two releases has no place: the youngest boot of the other gives way. */
export function makeRoom(turn: Turn, context: Context): Turn {
  const { fleet } = turn;
  if (hasPlaces(fleet)) return turn;
  const staying = activeWorkers(fleet);
  const youngest = staying.filter(({ state }) => state === 'booting').at(-1);
  return youngest === undefined || staying.length < 2 ? turn : drain(turn, youngest, 'cancelled', context);
}

/** The new release has one worker, before anybody else has, to show itself with; then comes what is known to work. */
export function forkStopgaps(turn: Turn, context: Context): Turn {
  if (!isStranded(turn.fleet)) return turn;
  const tried = forkTrial(turn, context);
  const due = dueSlots(tried.fleet, ({ stopgap }) => stopgap, context);
  // First where nobody is.
  const empty = due.filter((slot) => !isOccupied(tried.fleet, slot));
  return [...empty, ...due].reduce(
    (sofar, slot) =>
      isStopgapMissing(sofar.fleet, slot) ? forkBeside(sofar, slot, sofar.fleet.stable, context) : sofar,
    tried,
  );
}

function forkTrial(turn: Turn, context: Context): Turn {
  const { fleet } = turn;
  if (hasWorkerOf(fleet, fleet.target)) return turn;
  const slot = dueSlots(fleet, (its) => its, context).find((due) => isMissing(fleet, due));
  return slot === undefined ? turn : fork(turn, slot, fleet.target, context);
}

/** Unless enough boot already, or it would take the last place that the other release could have. */
export function forkBeside(turn: Turn, slot: number, generation: Generation, context: Context): Turn {
  if (areEnoughBooting(turn.fleet, generation)) return turn;
  const forked = fork(turn, slot, generation, context);
  return hasPlaces(forked.fleet) ? forked : turn;
}

/** Nobody serves in a rollout: does this slot lack a worker of what is known to work? */
export function isStopgapMissing(fleet: Fleet, slot: number): boolean {
  return isStranded(fleet) && stableWorkers(fleet, slot).length === 0 && hasRoom(fleet, slot);
}

/** It is the first of its slot to run what is known to work, in a rollout in which nobody serves for sure. */
export function isStopgap(fleet: Fleet, worker: Active): boolean {
  return isAtRisk(fleet) && stableWorkers(fleet, worker.slot)[0] === worker;
}

/**
 * While nobody serves in a rollout: does each of the two releases, the new one and the one that is known to work, have a
 * worker, or room for one? Neither takes the last place that the other could have.
 */
function hasPlaces(fleet: Fleet): boolean {
  return (
    !isStranded(fleet) ||
    (hasPlace(fleet, fleet.target, isMissing) && hasPlace(fleet, fleet.stable, isStopgapMissing))
  );
}

function hasPlace(
  fleet: Fleet,
  generation: Generation,
  lacks: (fleet: Fleet, slot: number) => boolean,
): boolean {
  return hasWorkerOf(fleet, generation) || fleet.slots.some((_, slot) => lacks(fleet, slot));
}

function hasWorkerOf({ occupancy }: Fleet, { id }: Generation): boolean {
  return shareOf(occupancy, id).staying > 0;
}

/** The workers of a slot that run what is known to work, the one to keep first: it came first. */
function stableWorkers(fleet: Fleet, slot: number): readonly Active[] {
  return inSlot(fleet.occupancy, slot).filter(({ generation }) => generation === fleet.stable.id);
}

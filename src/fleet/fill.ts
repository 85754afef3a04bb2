// Rule: fork for every slot that lacks a worker, as far as the surge and the backoff allow.
import { currentWorkers, isServing, isStranded, settledWorkers, stayingWorkers } from './fleet.ts';
import type { Fleet, Generation, Patience, Slot } from './fleet.ts';
import { announce, change, command } from './turn.ts';
import type { Context, Turn } from './turn.ts';
import type { Booting } from './worker.ts';

export function forkMissing(turn: Turn, context: Context): Turn {
  if (!isServing(turn.fleet)) return turn;
  return forkWanted(isStranded(turn.fleet) ? forkStopgaps(forkTrial(turn, context), context) : turn, context);
}

/** Does this slot lack a current worker that nothing but the backoff keeps from being forked? */
export function isMissing(fleet: Fleet, slot: number): boolean {
  return currentWorkers(fleet, slot).length === 0 && hasRoom(fleet, slot);
}

/** Nobody serves in a rollout: does this slot lack a worker of what is known to work? */
export function isStopgapMissing(fleet: Fleet, slot: number): boolean {
  return isStranded(fleet) && settledWorkers(fleet, slot).length === 0 && hasRoom(fleet, slot);
}

/**
 * While nobody serves in a rollout: does each of the two releases, the new one and the one that is known to work, have a
 * worker, or room for one? Neither takes the last place that the other could have.
 */
export function hasPlaces(fleet: Fleet): boolean {
  return (
    !isStranded(fleet) ||
    (hasPlace(fleet, fleet.wanted, isMissing) && hasPlace(fleet, fleet.settled, isStopgapMissing))
  );
}

function hasPlace(fleet: Fleet, { id }: Generation, lacks: (fleet: Fleet, slot: number) => boolean): boolean {
  return (
    stayingWorkers(fleet).some(({ generation }) => generation === id) ||
    fleet.slots.some((_, slot) => lacks(fleet, slot))
  );
}

function forkWanted(turn: Turn, context: Context): Turn {
  return dueSlots(turn.fleet, (slot) => slot, context).reduce(
    (sofar, slot) =>
      isMissing(sofar.fleet, slot) ? forkBeside(sofar, slot, sofar.fleet.wanted, context) : sofar,
    turn,
  );
}

/** The new release has one worker, before anybody else has, to show itself with. */
function forkTrial(turn: Turn, context: Context): Turn {
  const { fleet } = turn;
  if (stayingWorkers(fleet).some(({ generation }) => generation === fleet.wanted.id)) return turn;
  const slot = dueSlots(fleet, (its) => its, context).find((due) => isMissing(fleet, due));
  return slot === undefined ? turn : fork(turn, slot, fleet.wanted, context);
}

/** What is known to work comes next, first where nobody is. */
function forkStopgaps(turn: Turn, context: Context): Turn {
  const due = dueSlots(turn.fleet, ({ stopgap }) => stopgap, context);
  const empty = due.filter((slot) => !isOccupied(turn.fleet, slot));
  return [...empty, ...due].reduce(
    (sofar, slot) =>
      isStopgapMissing(sofar.fleet, slot) ? forkBeside(sofar, slot, sofar.fleet.settled, context) : sofar,
    turn,
  );
}

function forkBeside(turn: Turn, slot: number, generation: Generation, context: Context): Turn {
  const forked = fork(turn, slot, generation, context);
  return hasPlaces(forked.fleet) ? forked : turn;
}

function dueSlots(
  { slots }: Fleet,
  patienceOf: (slot: Slot) => Patience,
  { now }: Context,
): readonly number[] {
  return slots.flatMap((slot, index) => (patienceOf(slot).notBefore <= now ? [index] : []));
}

function hasRoom(fleet: Fleet, slot: number): boolean {
  return !isOccupied(fleet, slot) || surge(fleet) < fleet.policy.rollout.maxSurge;
}

/** How many workers there are beside the one that each slot may have; those that were scaled away count too. */
function surge(fleet: Fleet): number {
  return stayingWorkers(fleet).length - fleet.slots.filter((_, slot) => isOccupied(fleet, slot)).length;
}

function isOccupied(fleet: Fleet, slot: number): boolean {
  return stayingWorkers(fleet).some((worker) => worker.slot === slot);
}

function fork(turn: Turn, slot: number, generation: Generation, { now }: Context): Turn {
  const { lastWorkerId, workers } = turn.fleet;
  const worker: Booting = {
    state: 'booting',
    id: lastWorkerId + 1,
    slot,
    generation: generation.id,
    forkedAt: now,
  };
  const forked = change(turn, { lastWorkerId: worker.id, workers: [...workers, worker] });
  return announce(command(forked, { type: 'fork', worker: worker.id, slot, generation }), {
    type: 'worker-forked',
    worker,
  });
}

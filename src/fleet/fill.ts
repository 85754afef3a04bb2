// Rule: fork for every slot that lacks a worker, as far as the surge and the backoff allow.
import { currentWorkers, isServing, isStranded, settledWorkers, stayingWorkers } from './fleet.ts';
import type { Fleet, Generation } from './fleet.ts';
import { announce, change, command } from './turn.ts';
import type { Context, Turn } from './turn.ts';
import type { Booting } from './worker.ts';

export function forkMissing(turn: Turn, context: Context): Turn {
  if (!isServing(turn.fleet)) return turn;
  return forkWanted(isStranded(turn.fleet) ? forkStopgaps(turn, context) : turn, context);
}

/** Does this slot lack a current worker that nothing but the backoff keeps from being forked? */
export function isMissing(fleet: Fleet, slot: number): boolean {
  return currentWorkers(fleet, slot).length === 0 && hasRoom(fleet, slot);
}

/** Nobody serves: does this slot lack a worker of what is known to work? */
export function isStopgapMissing(fleet: Fleet, slot: number): boolean {
  return isStranded(fleet) && settledWorkers(fleet, slot).length === 0 && hasRoom(fleet, slot);
}

function forkWanted(turn: Turn, context: Context): Turn {
  return eachDueSlot(turn, context).reduce(
    (sofar, slot) => (isMissing(sofar.fleet, slot) ? fork(sofar, slot, sofar.fleet.wanted, context) : sofar),
    turn,
  );
}

/** What is known to work comes first, as soon as the new release has one worker to show itself with. */
function forkStopgaps(turn: Turn, context: Context): Turn {
  const { fleet } = turn;
  const slots = eachDueSlot(turn, context);
  const isOnTrial = stayingWorkers(fleet).some(({ generation }) => generation === fleet.wanted.id);
  const chance = isOnTrial ? undefined : slots.find((slot) => isMissing(fleet, slot));
  const tried = chance === undefined ? turn : fork(turn, chance, fleet.wanted, context);
  const empty = slots.filter((slot) => !isOccupied(tried.fleet, slot));
  return [...empty, ...slots].reduce(
    (sofar, slot) =>
      isStopgapMissing(sofar.fleet, slot) ? fork(sofar, slot, sofar.fleet.settled, context) : sofar,
    tried,
  );
}

function eachDueSlot({ fleet }: Turn, { now }: Context): readonly number[] {
  return [...fleet.slots.keys()].filter((slot) => (fleet.slots[slot]?.notBefore ?? Infinity) <= now);
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

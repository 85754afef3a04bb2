// Rule: fork for every slot that lacks a current worker, as far as the surge and the backoff allow.
import { currentWorkers, isServing, stayingWorkers } from './fleet.ts';
import type { Fleet } from './fleet.ts';
import { announce, change, command } from './turn.ts';
import type { Context, Turn } from './turn.ts';
import type { Booting } from './worker.ts';

export function forkMissing(turn: Turn, context: Context): Turn {
  if (!isServing(turn.fleet)) return turn;
  return turn.fleet.slots.reduce(
    (sofar, _, slot) => (mayFork(sofar.fleet, slot, context) ? fork(sofar, slot, context) : sofar),
    turn,
  );
}

/** Does this slot lack a current worker that nothing but the backoff keeps from being forked? */
export function isMissing(fleet: Fleet, slot: number): boolean {
  if (currentWorkers(fleet, slot).length > 0) return false;
  return !isOccupied(fleet, slot) || surge(fleet) < fleet.policy.rollout.maxSurge;
}

function mayFork(fleet: Fleet, slot: number, { now }: Context): boolean {
  return (fleet.slots[slot]?.notBefore ?? Infinity) <= now && isMissing(fleet, slot);
}

/** How many workers there are beside the one that each slot may have; those that were scaled away count too. */
function surge(fleet: Fleet): number {
  return stayingWorkers(fleet).length - fleet.slots.filter((_, slot) => isOccupied(fleet, slot)).length;
}

function isOccupied(fleet: Fleet, slot: number): boolean {
  return stayingWorkers(fleet).some((worker) => worker.slot === slot);
}

function fork(turn: Turn, slot: number, { now }: Context): Turn {
  const { lastWorkerId, wanted, workers } = turn.fleet;
  const worker: Booting = {
    state: 'booting',
    id: lastWorkerId + 1,
    slot,
    generation: wanted.id,
    forkedAt: now,
  };
  const forked = change(turn, { lastWorkerId: worker.id, workers: [...workers, worker] });
  return announce(command(forked, { type: 'fork', worker: worker.id, slot, generation: wanted }), {
    type: 'worker-forked',
    worker,
  });
}

// How a worker is forked, and where there is room for one.
import { currentWorkers, stayingWorkers } from './fleet.ts';
import type { Fleet, Generation, Patience, Slot } from './fleet.ts';
import { announce, change, command } from './turn.ts';
import type { Context, Turn } from './turn.ts';
import type { Booting } from './worker.ts';

export function fork(turn: Turn, slot: number, generation: Generation, { now }: Context): Turn {
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

/** Does this slot lack a current worker that nothing but the backoff keeps from being forked? */
export function isMissing(fleet: Fleet, slot: number): boolean {
  return currentWorkers(fleet, slot).length === 0 && hasRoom(fleet, slot);
}

/** Those whose backoff is over. */
export function dueSlots(
  { slots }: Fleet,
  patienceOf: (slot: Slot) => Patience,
  { now }: Context,
): readonly number[] {
  return slots.flatMap((slot, index) => (patienceOf(slot).notBefore <= now ? [index] : []));
}

export function hasRoom(fleet: Fleet, slot: number): boolean {
  return !isOccupied(fleet, slot) || surge(fleet) < fleet.policy.rollout.maxSurge;
}

/** How many workers there are beside the one that each slot may have; those that were scaled away count too. */
function surge(fleet: Fleet): number {
  return stayingWorkers(fleet).length - fleet.slots.filter((_, slot) => isOccupied(fleet, slot)).length;
}

export function isOccupied(fleet: Fleet, slot: number): boolean {
  return stayingWorkers(fleet).some((worker) => worker.slot === slot);
}

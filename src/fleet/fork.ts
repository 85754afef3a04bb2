// How a worker is forked, and where there is room for one.
import { currentWorkers } from './fleet.ts';
import type { Fleet, Generation, Backoff, Slot } from './fleet.ts';
import { inSlot, shareOf } from './occupancy.ts';
import { addWorker, announce, command } from './turn.ts';
import type { Context, Turn } from './turn.ts';
import type { Booting } from './worker.ts';

export function fork(turn: Turn, slot: number, generation: Generation, { now }: Context): Turn {
  const worker: Booting = {
    state: 'booting',
    id: turn.fleet.lastWorkerId + 1,
    slot,
    generation: generation.id,
    forkedAt: now,
  };
  return announce(command(addWorker(turn, worker), { type: 'fork', worker: worker.id, slot, generation }), {
    type: 'worker-forked',
    worker,
  });
}

/** Does this slot lack a current worker that nothing but the backoff keeps from being forked? */
export function isMissing(fleet: Fleet, slot: number): boolean {
  // A fleet that is about to stop replaces no worker any more. It makes good what has crashed.
  if (fleet.phase.name === 'leaving') return !isOccupied(fleet, slot);
  return hasRoom(fleet, slot) && currentWorkers(fleet, slot).length === 0;
}

/**
 * Are as many on their way as may be at once? Boots share the CPUs, so many of them at once take as long as the last, each
 * of them, and may all be too late. Of each generation, so that one that hangs does not keep the other waiting.
 */
export function areEnoughBooting({ occupancy, policy }: Fleet, { id }: Generation): boolean {
  return shareOf(occupancy, id).booting >= policy.boot.concurrency;
}

/** Those whose backoff is over. */
export function dueSlots(
  { slots }: Fleet,
  patienceOf: (slot: Slot) => Backoff,
  { now }: Context,
): readonly number[] {
  return [...slots.keys()].filter((index) => {
    const slot = slots[index];
    return slot !== undefined && patienceOf(slot).notBefore <= now;
  });
}

export function hasRoom(fleet: Fleet, slot: number): boolean {
  return !isOccupied(fleet, slot) || surge(fleet) < fleet.policy.rollout.maxSurge;
}

/** How many workers there are beside the one that each slot may have; those that were scaled away count too. */
function surge({ occupancy }: Fleet): number {
  return occupancy.staying - occupancy.occupied;
}

export function isOccupied({ occupancy }: Fleet, slot: number): boolean {
  return inSlot(occupancy, slot).length > 0;
}

// How a rollout goes on and ends: slots are handed over to the target one by one, until it is complete, or aborts.
import type { AbortReason, Rollout } from './command.ts';
import type { Fleet } from './fleet.ts';
import { isAvailable, isOutdated, isRolling, isServing, stableSlots } from './fleet.ts';
import { inSlot } from './occupancy.ts';
import { announce, change, handOver } from './turn.ts';
import type { Failure, Turn } from './turn.ts';
import { isReady } from './worker.ts';

/**
 * Rule: a slot is handed over to the target when its successor is available. Before any worker was ready, every slot is handed
 * over at once, since no release is known to work.
 */
export function handOverSlots(turn: Turn): Turn {
  const { phase, slots, target } = turn.fleet;
  if (!isRolling(turn.fleet)) return turn;
  return slots.reduce((sofar, { release }, index) => {
    const isDue = phase.name === 'starting' || hasSuccessor(sofar.fleet, index);
    return release.id !== target.id && isDue ? handOver(sofar, index) : sofar;
  }, turn);
}

function hasSuccessor(fleet: Fleet, index: number): boolean {
  return inSlot(fleet.occupancy, index).some(
    (worker) => worker.generation === fleet.target.id && isAvailable(fleet, worker),
  );
}

/** The target and every slot go back to the stable generation. Ready workers of the aborted release stay while they are needed. */
export function abortRollout(turn: Turn, reason: AbortReason, failure: Failure | null): Turn {
  const { stable } = turn.fleet;
  const back = change(turn, { target: stable, slots: stableSlots(turn.fleet) });
  return announce(back, {
    type: 'rollout-aborted',
    ...account(turn.fleet),
    reason,
    worker: failure?.worker ?? null,
    error: failure?.error ?? null,
    backTo: stable,
  });
}

/** Rule: a rollout is complete when every slot has an available worker of it, and no old one is active. Old ones may still drain. */
export function completeRollout(turn: Turn): Turn {
  const { fleet } = turn;
  if (!isServing(fleet) || !isRolling(fleet) || !isRolledOut(fleet)) return turn;
  return announce(change(turn, { stable: fleet.target }), { type: 'rollout-completed', ...account(fleet) });
}

/** What an announcement says of the rollout that ends. */
function account(fleet: Fleet): Rollout {
  const { id: generation, entry, cwd } = fleet.target;
  const replaced = fleet.slots.filter((_, index) => isReplaced(fleet, index)).length;
  return { generation, entry, cwd, replaced, tookMs: fleet.now - fleet.targetSince };
}

function isReplaced(fleet: Fleet, index: number): boolean {
  const ready = inSlot(fleet.occupancy, index).filter(isReady);
  return ready.length > 0 && ready.every(({ generation }) => generation === fleet.target.id);
}

function isRolledOut(fleet: Fleet): boolean {
  const { bySlot } = fleet.occupancy;
  return (
    bySlot.every((workers) => workers.every((worker) => !isOutdated(fleet, worker))) &&
    fleet.slots.every((_, index) =>
      inSlot(fleet.occupancy, index).some((worker) => isAvailable(fleet, worker)),
    )
  );
}

// How a rollout goes on, and ends: slot by slot the target takes over, until every slot is its, or it goes back.
import type { AbortReason, Rollout } from './command.ts';
import type { Fleet } from './fleet.ts';
import { freshSlot, isAvailable, isOutdated, isRolling, isServing } from './fleet.ts';
import { inSlot } from './occupancy.ts';
import { announce, change, handOver } from './turn.ts';
import type { Failure, Turn } from './turn.ts';
import { isReady } from './worker.ts';

/**
 * Rule: a slot whose successor is available belongs to the target generation from now on. So does every slot before any worker
 * was ready: nothing is known to work then.
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

/** The target, and every slot, go back to what is known to work. No worker is drained for it. */
export function abortRollout(turn: Turn, reason: AbortReason, failure: Failure | null): Turn {
  const { slots, stable } = turn.fleet;
  const back = change(turn, {
    target: stable,
    slots: slots.map((slot) => (slot.release.id === stable.id ? slot : freshSlot(stable))),
  });
  return announce(back, {
    type: 'rollout-aborted',
    ...account(turn.fleet),
    reason,
    worker: failure?.worker ?? null,
    error: failure?.error ?? null,
    backTo: stable,
  });
}

/** Rule: a rollout is complete when every slot has an available worker of it, and no old one is active. Draining workers are not waited for. */
export function completeRollout(turn: Turn): Turn {
  const { fleet } = turn;
  if (!isServing(fleet) || !isRolling(fleet) || !isRolledOut(fleet)) return turn;
  return announce(change(turn, { stable: fleet.target }), { type: 'rollout-completed', ...account(fleet) });
}

/** Of the rollout that ends. */
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

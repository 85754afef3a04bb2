// How a rollout ends: what is wanted goes back, or it has become what is actual.
import type { AbortReason, Rollout } from './command.ts';
import { currentWorkers, FRESH_SLOT, isOutdated, isAvailable, isRolling, isServing } from './fleet.ts';
import type { Fleet } from './fleet.ts';
import { inSlot } from './occupancy.ts';
import { announce, change } from './turn.ts';
import type { Failure, Turn } from './turn.ts';
import { isReady } from './worker.ts';

/** What is wanted goes back to what is known to work. Nobody is drained for it, and every slot gets a clean slate. */
export function abortRollout(turn: Turn, reason: AbortReason, failure: Failure | null): Turn {
  const { stable, slots } = turn.fleet;
  const back = change(turn, { target: stable, slots: slots.map(() => FRESH_SLOT) });
  return announce(back, {
    type: 'rollout-aborted',
    ...account(turn.fleet),
    reason,
    error: failure?.error ?? null,
    worker: failure?.worker ?? null,
    backTo: stable,
  });
}

/** Rule: done when every slot's worker is proven and no old one serves. Nobody waits for those that drain. */
export function completeRollout(turn: Turn): Turn {
  const { fleet } = turn;
  if (!isServing(fleet) || !isRolling(fleet) || !isRolledOut(fleet)) return turn;
  return announce(change(turn, { stable: fleet.target }), { type: 'rollout-completed', ...account(fleet) });
}

/** Of the rollout that ends. */
function account(fleet: Fleet): Rollout {
  const { id: generation, entry, cwd } = fleet.target;
  const replaced = fleet.slots.filter((_, slot) => isReplaced(fleet, slot)).length;
  return { generation, entry, cwd, replaced, tookMs: fleet.asOf - fleet.targetSince };
}

function isReplaced(fleet: Fleet, slot: number): boolean {
  const ready = inSlot(fleet.occupancy, slot).filter(isReady);
  return ready.length > 0 && ready.every((worker) => worker.generation === fleet.target.id);
}

function isRolledOut(fleet: Fleet): boolean {
  const hasOldOnes = fleet.occupancy.bySlot.some((workers) =>
    workers.some((worker) => isOutdated(fleet, worker)),
  );
  return (
    !hasOldOnes &&
    fleet.slots.every((_, slot) => currentWorkers(fleet, slot).some((worker) => isAvailable(fleet, worker)))
  );
}

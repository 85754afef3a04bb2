// Rules: drain who is not wanted, as soon as nobody is missed.
import { forkMissingOf } from './fill.ts';
import {
  currentWorkers,
  isOutdated,
  isAvailable,
  isRespawning,
  isServing,
  readyWorkers,
  activeWorkers,
} from './fleet.ts';
import type { Fleet } from './fleet.ts';
import { dueSlots, isMissing } from './fork.ts';
import { inSlot } from './occupancy.ts';
import { isStopgap } from './stopgap.ts';
import { drain } from './turn.ts';
import type { Context, Turn } from './turn.ts';
import { isReady } from './worker.ts';
import type { DrainCause, Ready, Active } from './worker.ts';

/** A worker that still boots serves nobody: if it is not wanted, it goes at once. */
export function cancelBoots(turn: Turn, context: Context): Turn {
  if (!isRespawning(turn.fleet)) return turn;
  return activeWorkers(turn.fleet)
    .filter((worker) => worker.state === 'booting' && isUnwantedBoot(turn.fleet, worker))
    .reduce((sofar, worker) => drain(sofar, worker, 'cancelled', context), turn);
}

function isUnwantedBoot(fleet: Fleet, worker: Active): boolean {
  if (isStopgap(fleet, worker)) return worker.slot >= fleet.slots.length;
  return (
    worker.slot >= fleet.slots.length ||
    worker.generation !== fleet.target.id ||
    currentWorkers(fleet, worker.slot)[0] !== worker
  );
}

/** Nobody needs them: their slot was scaled away, or has a better worker. */
export function drainExtra(turn: Turn, context: Context): Turn {
  if (!isServing(turn.fleet)) return turn;
  return drainSpare(turn, extraWorkers(turn.fleet), context);
}

/** They are needed until they are replaced, or, where there is no room for a successor, until they can be missed. */
export function drainOutdated(turn: Turn, context: Context): Turn {
  const { fleet } = turn;
  if (!isServing(fleet)) return turn;
  const isOfRollout = ({ generation }: Ready): boolean => generation < fleet.target.id;
  const outdated = outdatedWorkers(fleet);
  const isSettled = outdated.some(isOfRollout) && !isRolloutSettling(fleet);
  const candidates = isSettled ? outdated : outdated.filter((worker) => !isOfRollout(worker));
  if (candidates.length === 0) return turn;
  // No worker that drains here is current, so no other slot comes to lack a worker.
  const lacking = dueSlots(fleet, (slot) => slot, context).filter(
    (slot) => currentWorkers(fleet, slot).length === 0,
  );
  let sofar = turn;
  let filled: Fleet | null = null;
  for (const worker of candidates) {
    if (!isOfRollout(worker) && isSettling(sofar.fleet, worker.slot)) continue;
    // Whoever goes makes room, and who takes it is settled before the next one is looked at.
    const drained = drainSpare(sofar, [worker], context);
    sofar = drained.fleet === filled ? drained : forkMissingOf(drained, lacking, context);
    filled = sofar.fleet;
  }
  return sofar;
}

function drainSpare(turn: Turn, workers: readonly Ready[], context: Context): Turn {
  return workers.reduce(
    (sofar, worker) =>
      isSpare(sofar.fleet, worker) ? drain(sofar, worker, drainCause(sofar.fleet, worker), context) : sofar,
    turn,
  );
}

/** Are `size - maxUnavailable` proven ones left to serve without it? */
function isSpare(fleet: Fleet, worker: Ready): boolean {
  const others = fleet.occupancy.proven - Number(isAvailable(fleet, worker));
  return others >= fleet.slots.length - fleet.policy.rollout.maxUnavailable;
}

function drainCause(fleet: Fleet, worker: Ready): DrainCause {
  if (worker.slot >= fleet.slots.length) return 'scale';
  return worker.due !== null && worker.generation >= fleet.target.id ? 'recycle' : 'rollout';
}

/** Those of the highest slots first, and of a slot the one that is worth least. */
function extraWorkers(fleet: Fleet): readonly Ready[] {
  return readyWorkers(fleet)
    .filter((worker) => isExtra(fleet, worker))
    .toSorted((a, b) => b.slot - a.slot || worth(fleet, a) - worth(fleet, b) || b.id - a.id);
}

function isExtra(fleet: Fleet, worker: Ready): boolean {
  return worker.slot >= fleet.slots.length || isDoubled(fleet, worker);
}

/** A rollout that was aborted or superseded leaves two in a slot where the old worker was not replaced yet. */
function isDoubled(fleet: Fleet, { id, slot }: Ready): boolean {
  if (inSlot(fleet.occupancy, slot).length < 2) return false;
  const [current] = currentWorkers(fleet, slot);
  return id !== current?.id && id !== fallback(fleet, slot)?.id;
}

/** Of the outdated workers of a slot, the one to keep. */
function fallback(fleet: Fleet, slot: number): Ready | undefined {
  return inSlot(fleet.occupancy, slot)
    .filter(isReady)
    .filter((worker) => isOutdated(fleet, worker))
    .toSorted((a, b) => worth(fleet, b) - worth(fleet, a) || a.id - b.id)[0];
}

/** It works; it is what an abort would go back to; it need not be replaced even then. */
function worth(fleet: Fleet, worker: Ready): number {
  return (
    (isAvailable(fleet, worker) ? 4 : 0) +
    (worker.generation === fleet.stable.id ? 2 : 0) +
    (worker.due === null ? 1 : 0)
  );
}

/** Those that have a successor first: they can be spared without anybody being missed. */
function outdatedWorkers(fleet: Fleet): readonly Ready[] {
  const outdated = readyWorkers(fleet)
    .filter((worker) => isOutdated(fleet, worker))
    .toSorted((a, b) => a.slot - b.slot || a.id - b.id);
  return [
    ...outdated.filter(({ slot }) => currentWorkers(fleet, slot).length > 0),
    ...outdated.filter(({ slot }) => currentWorkers(fleet, slot).length === 0),
  ];
}

/**
 * Is there room still to be made, or any successor still to be awaited? Old workers wait for all successors that
 * there can be beside them: so with `maxSurge >= size` none goes before every successor is proven, and an abort is a
 * full rollback.
 */
function isRolloutSettling(fleet: Fleet): boolean {
  return (
    readyWorkers(fleet).some((worker) => isExtra(fleet, worker)) ||
    fleet.slots.some((_, slot) => isSettling(fleet, slot))
  );
}

/** Is a successor still to be forked for this slot, or to show that it works? */
function isSettling(fleet: Fleet, slot: number): boolean {
  const [current] = currentWorkers(fleet, slot);
  return current === undefined ? isMissing(fleet, slot) : !isAvailable(fleet, current);
}

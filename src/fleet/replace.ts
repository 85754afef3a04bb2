// Rules: drain who is not wanted, when nobody is missed; fork for every slot that lacks a current worker.
import type { Fleet } from './fleet.ts';
import { currentWorkers, isOutdated, isProven, isServing, readyWorkers, stayingWorkers } from './fleet.ts';
import { announce, change, command, drain } from './turn.ts';
import type { Context, Turn } from './turn.ts';
import type { Booting, DrainCause, Ready, Staying } from './worker.ts';

/** A worker that still boots serves nobody: if it is not wanted, it goes at once. */
export function cancelBoots(turn: Turn, context: Context): Turn {
  if (!isServing(turn.fleet)) return turn;
  return stayingWorkers(turn.fleet)
    .filter((worker) => worker.state === 'booting' && isUnwantedBoot(turn.fleet, worker))
    .reduce((sofar, worker) => drain(sofar, worker, 'cancelled', context), turn);
}

function isUnwantedBoot(fleet: Fleet, worker: Staying): boolean {
  return (
    worker.slot >= fleet.slots.length ||
    worker.generation !== fleet.wanted.id ||
    currentWorkers(fleet, worker.slot)[0] !== worker
  );
}

/** Nobody needs them: their slot was scaled away, or has a better worker. */
export function drainExtra(turn: Turn, context: Context): Turn {
  if (!isServing(turn.fleet)) return turn;
  return drainSpare(turn, extras(turn.fleet), context);
}

/** They are needed until they are replaced, or until they can be missed for so long. */
export function drainOutdated(turn: Turn, context: Context): Turn {
  if (!isServing(turn.fleet) || isSettling(turn.fleet)) return turn;
  return drainSpare(turn, outdated(turn.fleet), context);
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
  const others = readyWorkers(fleet).filter((other) => other.id !== worker.id && isProven(fleet, other));
  return others.length >= fleet.slots.length - fleet.policy.rollout.maxUnavailable;
}

function drainCause(fleet: Fleet, worker: Ready): DrainCause {
  if (worker.slot >= fleet.slots.length) return 'scale';
  return worker.generation >= fleet.wanted.id && worker.due !== null ? 'recycle' : 'rollout';
}

/** The highest slots go first. */
function extras(fleet: Fleet): readonly Ready[] {
  const ready = readyWorkers(fleet).toSorted((a, b) => b.slot - a.slot || a.id - b.id);
  const isScaledAway = ({ slot }: Ready): boolean => slot >= fleet.slots.length;
  return [
    ...ready.filter(isScaledAway),
    ...ready.filter((worker) => !isScaledAway(worker) && isDoubled(fleet, worker)),
  ];
}

/** A rollout that was aborted or superseded leaves two in a slot where the old worker was not replaced yet. */
function isDoubled(fleet: Fleet, { id, slot }: Ready): boolean {
  const [current] = currentWorkers(fleet, slot);
  const [old] = outdatedWorkers(fleet, slot);
  return id !== current?.id && id !== old?.id;
}

/** The workers of a slot that are to be replaced, the one to keep first: it is what an abort would go back to. */
function outdatedWorkers(fleet: Fleet, slot: number): readonly Ready[] {
  const rank = (worker: Ready): number =>
    (isProven(fleet, worker) ? 0 : 2) + (worker.generation === fleet.settled.id ? 0 : 1);
  return readyWorkers(fleet)
    .filter((worker) => worker.slot === slot && isOutdated(fleet, worker))
    .toSorted((a, b) => rank(a) - rank(b) || a.id - b.id);
}

/** Those that have a successor first: they can be spared without anybody being missed. */
function outdated(fleet: Fleet): readonly Ready[] {
  const waits = (worker: Ready): number => (currentWorkers(fleet, worker.slot).length > 0 ? 0 : 1);
  return readyWorkers(fleet)
    .filter((worker) => isOutdated(fleet, worker))
    .toSorted((a, b) => waits(a) - waits(b) || a.slot - b.slot || a.id - b.id);
}

/**
 * Is a successor still to be forked, or to show that it works? Old workers wait for all that can be there
 * beside them: so with `maxSurge >= size` none goes before every successor is proven, and an abort is a full rollback.
 */
function isSettling(fleet: Fleet): boolean {
  if (extras(fleet).length > 0) return true;
  return fleet.slots.some((_, slot) => {
    const [current] = currentWorkers(fleet, slot);
    return current === undefined ? isMissing(fleet, slot) : !isProven(fleet, current);
  });
}

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
  return occupants(fleet, slot) === 0 || surge(fleet) < fleet.policy.rollout.maxSurge;
}

function mayFork(fleet: Fleet, slot: number, { now }: Context): boolean {
  return (fleet.slots[slot]?.notBefore ?? Infinity) <= now && isMissing(fleet, slot);
}

/** How many workers there are beside the one that each slot may have. */
function surge(fleet: Fleet): number {
  const filled = fleet.slots.filter((_, slot) => occupants(fleet, slot) > 0);
  return stayingWorkers(fleet).length - filled.length;
}

function occupants(fleet: Fleet, slot: number): number {
  return stayingWorkers(fleet).filter((worker) => worker.slot === slot).length;
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

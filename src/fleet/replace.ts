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

/** As many as can go now, without fewer than `size - maxUnavailable` being left to serve. */
export function drainUnwanted(turn: Turn, context: Context): Turn {
  if (!isServing(turn.fleet)) return turn;
  return candidates(turn.fleet)
    .slice(0, spare(turn.fleet))
    .reduce((sofar, { worker, cause }) => drain(sofar, worker, cause, context), turn);
}

function spare(fleet: Fleet): number {
  const counted = readyWorkers(fleet).filter(
    (worker) => isOutdated(fleet, worker) || isProven(fleet, worker),
  );
  return Math.max(0, counted.length - (fleet.slots.length - fleet.policy.rollout.maxUnavailable));
}

interface Candidate {
  readonly worker: Ready;
  readonly cause: DrainCause;
}

/** Who is not wanted, who goes first at the front. */
function candidates(fleet: Fleet): readonly Candidate[] {
  const ready = readyWorkers(fleet);
  const scaledAway = ready
    .filter((worker) => worker.slot >= fleet.slots.length)
    .sort((a, b) => b.slot - a.slot || a.id - b.id)
    .map((worker): Candidate => ({ worker, cause: 'scale' }));
  // An aborted rollout leaves two in a slot where the old worker was not replaced yet.
  const doubled = ready
    .filter((worker) => worker.slot < fleet.slots.length && !isOutdated(fleet, worker))
    .filter((worker) => currentWorkers(fleet, worker.slot)[0] !== worker)
    .map((worker): Candidate => ({ worker, cause: 'rollout' }));
  return [...scaledAway, ...doubled, ...(isSettling(fleet) ? [] : outdated(fleet, ready))];
}

/** Those that have a successor first: they can be spared without anybody being missed. */
function outdated(fleet: Fleet, ready: readonly Ready[]): readonly Candidate[] {
  const waits = (worker: Ready): number => (currentWorkers(fleet, worker.slot).length > 0 ? 0 : 1);
  return ready
    .filter((worker) => worker.slot < fleet.slots.length && isOutdated(fleet, worker))
    .sort((a, b) => waits(a) - waits(b) || a.slot - b.slot || a.id - b.id)
    .map((worker) => ({
      worker,
      cause: worker.generation < fleet.wanted.id ? 'rollout' : 'recycle',
    }));
}

/**
 * Is a successor still to show that it works? Old workers wait for all that were forked with it: so with
 * `maxSurge >= size` none goes before every successor is proven, and an abort is a full rollback.
 */
function isSettling(fleet: Fleet): boolean {
  return fleet.slots.some((_, slot) => {
    const [current] = currentWorkers(fleet, slot);
    return current !== undefined && !isProven(fleet, current);
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

/** How many workers share a slot with another one. */
function surge(fleet: Fleet): number {
  return fleet.slots.reduce((sum, _, slot) => sum + Math.max(0, occupants(fleet, slot) - 1), 0);
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

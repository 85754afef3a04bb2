// Rules: outdated workers get successors, and drain when they are not needed any more.
//
// An example: 4 workers, maxSurge 1, maxUnavailable 0, a rollout from generation 1 to 2. `1` is an available worker of
// generation 1, `(1)` one that boots or is not available yet, `-` no worker. The brackets hold the release of each slot: what
// a crashed worker is respawned as.
//
//   slot 0   slot 1   slot 2   slot 3
//   1        1        1        1        [1 1 1 1]  SIGUSR2: every slot lacks a successor
//   1 (2)    1        1        1        [1 1 1 1]  forkSuccessors: maxSurge leaves room for one
//   1 2      1        1        1        [2 1 1 1]  handOverSlots: the successor is available after minReadyMs
//   2        1        1        1        [2 1 1 1]  drainReplaced: without the old worker 4 are available
//   2        1 (2)    1        1        [2 1 1 1]  forkSuccessors: there is room again
//   2        - (2)    1        1        [2 1 1 1]  the old worker of slot 1 crashes
//   2        (1)(2)   1        1        [2 1 1 1]  respawnMissing: as what it was, since slot 1 is not handed over
//   2        (1)      1        1        [1 1 1 1]  the second successor crashes: the rollout aborts. Slot 0 goes back, too,
//                                                  but its worker is available, so it stays until it exits
import { isAvailable, isRespawning, isRolling, isServing } from './fleet.ts';
import type { Fleet } from './fleet.ts';
import { inSlot, shareOf } from './occupancy.ts';
import {
  areEnoughBooting,
  byPreference,
  hasRoom,
  hasSurge,
  isReplacing,
  lacksSuccessor,
  occupantsOf,
} from './slot.ts';
import { drain, fork, handOver } from './turn.ts';
import type { Context, Turn } from './turn.ts';
import { isReady } from './worker.ts';
import type { Active, DrainCause, Ready } from './worker.ts';

/** Rule: a booting worker that its slot does not need goes at once, since it serves no client. */
export function cancelBoots(turn: Turn, context: Context): Turn {
  if (!isRespawning(turn.fleet)) return turn;
  return surplusWorkers(turn.fleet)
    .filter(({ state }) => state === 'booting')
    .reduce((sofar, worker) => drain(sofar, worker, 'cancelled', context), turn);
}

/** Rule: a ready worker that its slot does not need goes as soon as the service can spare it. */
export function drainSurplus(turn: Turn, context: Context): Turn {
  if (!isServing(turn.fleet)) return turn;
  const surplus = surplusWorkers(turn.fleet)
    .filter(isReady)
    // The highest slots first, and in each slot the least preferred worker first.
    .toSorted((a, b) => b.slot - a.slot || byPreference(turn.fleet, turn.fleet.slots[a.slot]?.release)(b, a));
  return drainSpare(turn, surplus, context);
}

/** Rule: an outdated worker, and a slot of an old release, gets a successor if there is room for one. */
export function forkSuccessors(turn: Turn, context: Context): Turn {
  const { fleet } = turn;
  const isRoomLeft = hasSurge(fleet) || fleet.occupancy.occupied < fleet.slots.length;
  if (!isServing(fleet) || !isReplacing(fleet) || !isRoomLeft) return turn;
  const lacking = [...fleet.slots.keys()].filter((index) => lacksSuccessor(fleet, index));
  return lacking.reduce(
    (sofar, index) =>
      mayForkSuccessor(sofar.fleet, index) ? fork(sofar, index, sofar.fleet.target, context) : sofar,
    turn,
  );
}

function mayForkSuccessor(fleet: Fleet, index: number): boolean {
  const { now, slots, target } = fleet;
  const slot = slots[index];
  // The failure of a first successor aborts the rollout, so there is no backoff to respect. In a slot that is handed over already,
  // there is one.
  const isDue = slot?.release.id === target.id ? slot.backoff.notBefore <= now : isPlaceLeft(fleet);
  return isDue && hasRoom(fleet, index) && !areEnoughBooting(fleet, target);
}

/**
 * Slots that are empty because their old workers crashed offer more room than a rollout may use. If successors took all of it
 * and their release hung, the stable release could not come back. So one place stays free for it, unless there is only one.
 */
function isPlaceLeft(fleet: Fleet): boolean {
  const places = fleet.slots.length + fleet.policy.rollout.maxSurge;
  return underWay(fleet) < Math.max(1, places - 1);
}

/** How many successors are not available yet. */
function underWay({ occupancy, target }: Fleet): number {
  const { active, available } = shareOf(occupancy, target.id);
  return active - available;
}

/**
 * Rule: an outdated worker whose successor is available drains. In a rollout it waits until no other successor is on its way
 * to being available, or could be forked. So with `maxSurge >= size` no old worker drains before every successor is available,
 * and an abort is a full rollback.
 */
export function drainReplaced(turn: Turn, context: Context): Turn {
  const { fleet } = turn;
  if (!isServing(fleet) || !isReplacing(fleet)) return turn;
  const isSettled = !isRolling(fleet) || !isSettling(fleet);
  const replaced = replacedWorkers(fleet).filter((worker) => isSettled || !isOfOldRelease(fleet, worker));
  return drainSpare(turn, replaced, context);
}

/** Is there a slot whose successor could still be forked, or is not available yet? */
function isSettling(fleet: Fleet): boolean {
  if (underWay(fleet) > 0) return true;
  return (
    fleet.slots.some((_, index) => {
      const { current } = occupantsOf(fleet, index);
      return current === undefined ? hasRoom(fleet, index) : !isAvailable(fleet, current);
    }) || surplusWorkers(fleet).length > 0
  );
}

/**
 * Rule: where there is no room for a successor, the outdated worker drains first, to make room. If successors can run beside
 * old workers (`maxSurge` above 0), a successor has to be available before that, and workers whose successors are available
 * drain first.
 */
export function drainForRoom(turn: Turn, context: Context): Turn {
  const { fleet } = turn;
  if (!isServing(fleet) || !isReplacing(fleet) || hasSurge(fleet)) return turn;
  const waiting = [...fleet.slots.keys()].filter(
    (index) => lacksSuccessor(fleet, index) && !hasRoom(fleet, index),
  );
  const mayRoll = mayMakeRoom(fleet);
  // A booting worker can always be spared, since it serves no client yet. But only one goes for a release that has not shown yet
  // that it works; the others boot on.
  const booting = underWay(fleet) > 0 ? undefined : waiting.find((index) => isBootOutdated(fleet, index));
  return waiting.reduce((sofar, index) => {
    const { outdated } = occupantsOf(sofar.fleet, index);
    if (outdated === undefined) return sofar;
    if (!isSpare(sofar.fleet, outdated) && index !== booting) return sofar;
    if (!isOfOldRelease(fleet, outdated)) return drain(sofar, outdated, 'recycle', context);
    if (!mayRoll || (outdated.state === 'booting' && index !== booting)) return sofar;
    const cause = outdated.state === 'booting' ? 'cancelled' : 'rollout';
    return handOver(drain(sofar, outdated, cause, context), index);
  }, turn);
}

function isBootOutdated(fleet: Fleet, index: number): boolean {
  const { outdated } = occupantsOf(fleet, index);
  return outdated?.state === 'booting';
}

function mayMakeRoom(fleet: Fleet): boolean {
  const { occupancy, policy, slots, target } = fleet;
  const { maxSurge } = policy.rollout;
  if (maxSurge === 0) return true;
  const hasShownThatItWorks = shareOf(occupancy, target.id).available > 0;
  return maxSurge < slots.length && hasShownThatItWorks && replacedWorkers(fleet).length === 0;
}

function drainSpare(turn: Turn, workers: readonly Ready[], context: Context): Turn {
  return workers.reduce(
    (sofar, worker) =>
      isSpare(sofar.fleet, worker) ? drain(sofar, worker, drainCause(sofar.fleet, worker), context) : sofar,
    turn,
  );
}

/** Are `size - maxUnavailable` other workers available? */
function isSpare(fleet: Fleet, worker: Active): boolean {
  const others = fleet.occupancy.available - Number(isAvailable(fleet, worker));
  return others >= fleet.slots.length - fleet.policy.rollout.maxUnavailable;
}

function drainCause(fleet: Fleet, worker: Ready): DrainCause {
  if (worker.slot >= fleet.slots.length) return 'scale';
  return worker.recycle !== null && !isOfOldRelease(fleet, worker) ? 'recycle' : 'rollout';
}

function isOfOldRelease(fleet: Fleet, { generation }: Active): boolean {
  return isRolling(fleet) && generation !== fleet.target.id;
}

function surplusWorkers(fleet: Fleet): readonly Active[] {
  return fleet.occupancy.bySlot.flatMap((workers, index) =>
    workers.length === 0 ? [] : occupantsOf(fleet, index).surplus,
  );
}

/** Those whose successors are available. */
function replacedWorkers(fleet: Fleet): readonly Ready[] {
  return [...fleet.slots.keys()]
    .filter((index) => inSlot(fleet.occupancy, index).length > 1)
    .map((index) => occupantsOf(fleet, index))
    .filter(({ current }) => current !== undefined && isAvailable(fleet, current))
    .map(({ outdated }) => outdated)
    .filter((worker) => worker !== undefined)
    .filter(isReady);
}

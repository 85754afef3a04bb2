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
//   2        1        1        1        [2 1 1 1]  drainReplaced, in the same step: 4 are available without the old worker
//   2        1 (2)    1        1        [2 1 1 1]  forkSuccessors, in the same step: there is room again
//   2        - (2)    1        1        [2 1 1 1]  the old worker of slot 1 crashes
//   2        (1)(2)   1        1        [2 1 1 1]  respawnMissing, in the same step: as what it was, as slot 1 is not handed over
//   2        (1)      1        1        [1 1 1 1]  the second successor crashes: the rollout aborts. Slot 0 goes back, too,
//                                                  but its worker is available, so it stays until it exits
import { isAvailable, isRespawning, isRolling, isServing } from './fleet.ts';
import type { Fleet } from './fleet.ts';
import { crowdedSlots, inSlot, shareOf } from './occupancy.ts';
import { mostDraining } from './policy.ts';
import {
  areEnoughBooting,
  byPreference,
  hasRoom,
  hasSurge,
  isReplacing,
  isVacant,
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
  const { target } = fleet;
  const isHandedOver = fleet.slots[index]?.release.id === target.id;
  return (
    isDue(fleet, index) &&
    (isHandedOver || leavesRoomForStable(fleet)) &&
    hasRoom(fleet, index) &&
    !areEnoughBooting(fleet, target)
  );
}

/**
 * A first successor waits for no backoff, since its failure would have aborted the rollout. In a slot that is handed over
 * already, the backoff is that of the target.
 */
function isDue({ now, slots, target }: Fleet, index: number): boolean {
  const slot = slots[index];
  return slot?.release.id !== target.id || slot.backoff.notBefore <= now;
}

/**
 * Slots that are empty because their old workers crashed offer more room than a rollout may use. If successors took all of it
 * and their release hung, the stable release could not come back. So room for one worker stays free, unless there is only one.
 */
function leavesRoomForStable(fleet: Fleet): boolean {
  const most = fleet.slots.length + fleet.policy.rollout.maxSurge;
  return unavailableSuccessors(fleet) < Math.max(1, most - 1);
}

function unavailableSuccessors({ occupancy, target }: Fleet): number {
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
  const replaced = replacedWorkers(fleet);
  if (replaced.length === 0) return turn;
  const isSettled = !isRolling(fleet) || !isSettling(fleet);
  const going = replaced.filter((worker) => isSettled || !isOfOldRelease(fleet, worker));
  return drainSpare(turn, going, context);
}

/** Is there a slot whose successor could still be forked, or is not available yet? */
function isSettling(fleet: Fleet): boolean {
  if (unavailableSuccessors(fleet) > 0) return true;
  const isOpen = fleet.slots.some((_, index) => {
    const { current } = occupantsOf(fleet, index);
    return current === undefined ? hasRoom(fleet, index) : !isAvailable(fleet, current);
  });
  // Surplus workers take room until they are drained.
  return isOpen || surplusWorkers(fleet).length > 0;
}

/**
 * Rule: where no successor can run beside an old worker, one takes a slot in which the stable release boots, or would be forked
 * now, if there is such a slot: no client is served there. It is only one at a time; in the others the stable release boots on.
 */
export function replaceBoot(turn: Turn, context: Context): Turn {
  const { fleet } = turn;
  const { now, slots, target } = fleet;
  if (!isServing(fleet) || !isRolling(fleet) || hasSurge(fleet) || !mayRollInPlace(fleet)) return turn;
  const isExpected = slots.some(({ release }, slot) => release.id === target.id && isVacant(fleet, slot));
  if (isExpected || unavailableSuccessors(fleet) > 0) return turn;
  const index = slots.findIndex(
    ({ release, backoff }, slot) =>
      release.id !== target.id && backoff.notBefore <= now && !inSlot(fleet.occupancy, slot).some(isReady),
  );
  if (index === -1) return turn;
  const cancelled = inSlot(fleet.occupancy, index).reduce(
    (sofar, worker) => drain(sofar, worker, 'cancelled', context),
    turn,
  );
  return fork(handOver(cancelled, index), index, target, context);
}

/** Rule: where no successor can run beside the outdated worker, the worker drains and its successor takes its place. */
export function replaceInPlace(turn: Turn, context: Context): Turn {
  const { fleet } = turn;
  const { target } = fleet;
  if (!isServing(fleet) || !isReplacing(fleet) || hasSurge(fleet) || !isAnySpare(fleet)) return turn;
  const mayRoll = mayRollInPlace(fleet);
  if (!mayRoll && fleet.occupancy.recycled === 0) return turn;
  return [...fleet.slots.keys()].reduce((sofar, index) => {
    const { current, outdated } = occupantsOf(sofar.fleet, index);
    if (current !== undefined || outdated === undefined || !isReady(outdated)) return sofar;
    // A retiring successor that is not available yet keeps its slot, which is not handed over: else the stable release would
    // have to come back there.
    const mayGo = isOfOldRelease(fleet, outdated) ? mayRoll : fleet.slots[index]?.release.id === target.id;
    if (!mayGo || !isSpare(sofar.fleet, outdated) || areEnoughDraining(sofar.fleet)) return sofar;
    if (!isDue(sofar.fleet, index) || areEnoughBooting(sofar.fleet, target)) return sofar;
    const drained = drain(sofar, outdated, drainCause(fleet, outdated), context);
    return fork(handOver(drained, index), index, target, context);
  }, turn);
}

/**
 * If successors can run beside old workers (`maxSurge` above 0), one has to be available before an old worker goes without, and
 * workers whose successors are available go first.
 */
function mayRollInPlace(fleet: Fleet): boolean {
  const { occupancy, policy, slots, target } = fleet;
  const { maxSurge } = policy.rollout;
  if (maxSurge === 0) return true;
  const hasShownThatItWorks = shareOf(occupancy, target.id).available > 0;
  return maxSurge < slots.length && hasShownThatItWorks && replacedWorkers(fleet).length === 0;
}

function drainSpare(turn: Turn, workers: readonly Ready[], context: Context): Turn {
  return workers.reduce((sofar, worker) => {
    const cause = drainCause(sofar.fleet, worker);
    // No successor comes for a worker that is scaled away, so its drain adds no process.
    const mayGo = isSpare(sofar.fleet, worker) && (cause === 'scale' || !areEnoughDraining(sofar.fleet));
    return mayGo ? drain(sofar, worker, cause, context) : sofar;
  }, turn);
}

/**
 * Do as many workers drain as `rollout.maxDraining` allows? Each is a process more than the slots have. Those of former
 * rollouts count, so rollouts that follow each other faster than requests end do not pile up processes.
 */
function areEnoughDraining({ occupancy, policy, slots }: Fleet): boolean {
  return occupancy.draining >= mostDraining(policy, slots.length);
}

/** Are enough other workers available? */
function isSpare(fleet: Fleet, worker: Active): boolean {
  return fleet.occupancy.available - Number(isAvailable(fleet, worker)) >= needed(fleet);
}

function isAnySpare(fleet: Fleet): boolean {
  const { available, ready } = fleet.occupancy;
  return available > needed(fleet) || (available === needed(fleet) && ready > available);
}

function needed({ policy, slots }: Fleet): number {
  return slots.length - policy.rollout.maxUnavailable;
}

function drainCause(fleet: Fleet, worker: Ready): DrainCause {
  if (worker.slot >= fleet.slots.length) return 'scale';
  return worker.recycle !== null && !isOfOldRelease(fleet, worker) ? 'recycle' : 'rollout';
}

function isOfOldRelease(fleet: Fleet, { generation }: Active): boolean {
  return isRolling(fleet) && generation !== fleet.target.id;
}

function surplusWorkers(fleet: Fleet): readonly Active[] {
  const { occupancy, slots } = fleet;
  const suspects = isOldBootUnderWay(fleet)
    ? [...occupancy.bySlot.keys()]
    : crowdedSlots(occupancy, slots.length);
  return suspects.flatMap((index) => occupantsOf(fleet, index).surplus);
}

/** Such a worker may be surplus even if it is alone in its slot, which any other is not. */
function isOldBootUnderWay({ occupancy, target }: Fleet): boolean {
  return [...occupancy.ofGeneration].some(([id, { booting }]) => id !== target.id && booting > 0);
}

/** Those whose successors are available. */
function replacedWorkers(fleet: Fleet): readonly Ready[] {
  return crowdedSlots(fleet.occupancy, fleet.slots.length)
    .map((index) => occupantsOf(fleet, index))
    .filter(({ current }) => current !== undefined && isAvailable(fleet, current))
    .map(({ outdated }) => outdated)
    .filter((worker) => worker !== undefined)
    .filter(isReady);
}

// Rule: a slot that lacks a worker of its release gets one, if its backoff, the surge and the boots under way allow it.
import { isRespawning, isRolling } from './fleet.ts';
import type { Fleet } from './fleet.ts';
import { areEnoughBooting, hasRoom, isVacant } from './slot.ts';
import { fork } from './turn.ts';
import type { Context, Turn } from './turn.ts';

export function respawnMissing(turn: Turn, context: Context): Turn {
  if (!isRespawning(turn.fleet) || isFilled(turn.fleet)) return turn;
  return turn.fleet.slots.reduce((sofar, { release, backoff }, index) => {
    const { fleet } = sofar;
    const mayFork =
      backoff.notBefore <= context.now &&
      !areEnoughBooting(fleet, release) &&
      isVacant(fleet, index) &&
      hasRoom(fleet, index);
    return mayFork ? fork(sofar, index, release, context) : sofar;
  }, turn);
}

/** Outside of a rollout every worker is of the release of its slot, or better than none. */
function isFilled(fleet: Fleet): boolean {
  return !isRolling(fleet) && fleet.occupancy.occupied === fleet.slots.length;
}

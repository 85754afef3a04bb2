// Rule: fork for every slot that lacks a worker of what is wanted, as far as the surge, the backoff and
// the boots under way allow.
import { isRespawning } from './fleet.ts';
import { dueSlots, isMissing } from './fork.ts';
import { forkBeside } from './stopgap.ts';
import type { Context, Turn } from './turn.ts';

export function forkMissing(turn: Turn, context: Context): Turn {
  if (!isRespawning(turn.fleet)) return turn;
  return forkMissingOf(
    turn,
    dueSlots(turn.fleet, (slot) => slot, context),
    context,
  );
}

/** Only these slots, whose backoff is over, are looked at. */
export function forkMissingOf(turn: Turn, due: readonly number[], context: Context): Turn {
  return due.reduce(
    (sofar, slot) =>
      isMissing(sofar.fleet, slot) ? forkBeside(sofar, slot, sofar.fleet.target, context) : sofar,
    turn,
  );
}

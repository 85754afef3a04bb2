// Target against actual: which commands bring the fleet closer? The rules, in the order in which they see a turn.
//
// | rule              | acts when                                                   | stands there because                                     |
// | ----------------- | ----------------------------------------------------------- | -------------------------------------------------------- |
// | resetBackoff      | a slot's worker has been ready for `minUptimeMs`            | failures count from what is remembered                   |
// | handOverSlots     | a successor is available                                    | says which release a slot has, for all that follow       |
// | killOverdue       | a deadline is over, or a worker cannot be told anything     | makes failures                                           |
// | failShutdown      | a worker failed, or was killed, in a shutdown               | before anything else of this turn can start a shutdown   |
// | assessFailures    | workers failed: back off, abort the rollout, or give up     | what follows looks at the target that is left            |
// | abortWhenStopping | a stop was requested during a rollout                       | a fleet that leaves fills its slots with what works      |
// | leave             | a stop was requested: for `shutdown.delayMs`                | may find that the delay is over                          |
// | stopWorkers       | the fleet is stopping                                       | no worker is to be forked, or drained for another cause  |
// | cancelBoots       | a booting worker is not needed                              | leaves its place to the ones below                       |
// | drainSurplus      | a ready worker is not needed, and can be spared             | goes before workers that are needed                      |
// | drainReplaced     | the successor of an outdated worker is available            | leaves its place to the next successor                   |
// | respawnMissing    | a slot has no worker of its release, and is due             | what works comes before what has still to show it        |
// | forkSuccessors    | an outdated worker, or an old release, has no successor     | takes the room that is left                              |
// | drainForRoom      | an outdated worker has none, and there is no room for one   | only then is it clear that there is no room              |
// | completeRollout   | every slot has an available worker of the target            | sees the result                                          |
// | announceReady     | every slot has come to have a ready worker                  | once, when all is done                                   |
// | finish            | no worker is left in a fleet that is stopping               | the last command of all                                  |
import { resetBackoff } from './backoff.ts';
import { assessFailures } from './failures.ts';
import { isServing, readyWorkers } from './fleet.ts';
import type { Fleet } from './fleet.ts';
import { inSlot } from './occupancy.ts';
import { killOverdue } from './overdue.ts';
import { cancelBoots, drainForRoom, drainReplaced, drainSurplus, forkSuccessors } from './replace.ts';
import { respawnMissing } from './respawn.ts';
import { completeRollout, handOverSlots } from './rollout.ts';
import { abortWhenStopping, failShutdown, finish, leave, stopWorkers } from './shutdown.ts';
import { announce } from './turn.ts';
import type { Context, Rule, Turn } from './turn.ts';
import { isReady } from './worker.ts';

/** What has happened is dealt with once. */
const FIRST: readonly Rule[] = [
  resetBackoff,
  handOverSlots,
  killOverdue,
  failShutdown,
  assessFailures,
  abortWhenStopping,
  leave,
  stopWorkers,
];

/** Each may make room for another one, so they are repeated until none of them finds anything to do. */
const REPEATED: readonly Rule[] = [
  cancelBoots,
  drainSurplus,
  drainReplaced,
  respawnMissing,
  forkSuccessors,
  drainForRoom,
  completeRollout,
];

const LAST: readonly Rule[] = [announceReady, finish];

/** Two or three passes are enough, as the simulation shows. What would be left is done by the next step. */
const MAX_PASSES = 8;

export function reconcile(turn: Turn, context: Context): Turn {
  const dealtWith = run(FIRST, turn, context);
  return run(LAST, untilStable(dealtWith, context), context);
}

function run(rules: readonly Rule[], turn: Turn, context: Context): Turn {
  return rules.reduce((sofar, rule) => rule(sofar, context), turn);
}

function untilStable(turn: Turn, context: Context): Turn {
  let sofar = turn;
  for (let pass = 0; pass < MAX_PASSES; pass += 1) {
    const next = run(REPEATED, sofar, context);
    if (next.fleet === sofar.fleet) return next;
    sofar = next;
  }
  return sofar;
}

/** Rule: every slot has come to have a ready worker. */
function announceReady(turn: Turn): Turn {
  const { before, fleet } = turn;
  if (isFull(before) || !isFull(fleet)) return turn;
  // During a rollout in which all workers had crashed it may be the stable release that is back.
  const isNew = readyWorkers(fleet).some(({ generation }) => generation === fleet.target.id);
  const { id: generation, entry, cwd } = isNew ? fleet.target : fleet.stable;
  return announce(turn, { type: 'fleet-ready', size: fleet.slots.length, generation, entry, cwd });
}

/** Does every slot have a ready worker, of whatever generation? */
export function isFull(fleet: Fleet): boolean {
  return isServing(fleet) && fleet.slots.every((_, slot) => inSlot(fleet.occupancy, slot).some(isReady));
}

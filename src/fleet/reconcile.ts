// Compares target and actual, and brings the fleet closer to its target. These are the rules, in the order in which they run.
//
// | rule              | acts when                                                  | stands there because                                    |
// | ----------------- | ---------------------------------------------------------- | ------------------------------------------------------- |
// | resetBackoff      | a slot's worker has been ready for `minUptimeMs`           | old early exits are cleared before new ones are counted |
// | handOverSlots     | a successor is available                                   | all rules below need to know the release of a slot      |
// | killOverdue       | a worker is past its deadline, or incompatible             | its kills are failures, which the rules below assess    |
// | failShutdown      | a worker failed, or was killed, in a shutdown              | the kills of `killOverdue` count, too                   |
// | assessFailures    | workers failed: back off, abort the rollout, or give up    | all rules below need to know the target                 |
// | abortWhenStopping | a stop was requested during a rollout                      | a fleet that leaves respawns the stable release         |
// | leave             | a stop was requested, and `shutdown.delayMs` is not over   | it stops the fleet when the delay is over               |
// | stopWorkers       | the fleet is stopping                                      | whichever rule above has stopped it                     |
// | cancelBoots       | a booting worker is not needed                             | makes room for the forks below                          |
// | drainSurplus      | a ready worker is not needed, and can be spared            | such workers go before those that are needed            |
// | drainReplaced     | the successor of an outdated worker is available           | makes room for the next successor                       |
// | replaceBoot       | no worker can run beside another, and a slot is not ready  | the slot would be respawned below                       |
// | respawnMissing    | a slot lacks a worker of its release, and is due           | a release that works comes before a new one             |
// | forkSuccessors    | an outdated worker, or a slot of an old release, has none  | takes the room that is left                             |
// | replaceInPlace    | there is no room for the successor of an outdated worker   | only now is it clear that there is no room              |
// | completeRollout   | every slot has an available worker of the target, no other | sees the result of the rules above                      |
// | electLeader       | no worker is the leader, and one is ready                  | sees which workers drain, and which stay                |
// | shed              | a ready worker holds clearly more than its share           | only a fleet that is complete has shares                |
// | announceReady     | every slot has a ready worker, and did not before          | sees the result of the rules above                      |
// | finish            | the fleet is stopping, and no worker is left               | `finish` is the last command of all                     |
import { resetBackoff } from './backoff.ts';
import { assessFailures } from './failures.ts';
import { isFull, readyWorkers } from './fleet.ts';
import { electLeader } from './leader.ts';
import { killOverdue } from './overdue.ts';
import {
  cancelBoots,
  drainReplaced,
  drainSurplus,
  forkSuccessors,
  replaceBoot,
  replaceInPlace,
} from './replace.ts';
import { respawnMissing } from './respawn.ts';
import { completeRollout, handOverSlots } from './rollout.ts';
import { shed } from './shed.ts';
import { abortWhenStopping, failShutdown, finish, leave, stopWorkers } from './shutdown.ts';
import { announce } from './turn.ts';
import type { Context, Rule, Turn } from './turn.ts';

/** They deal with what has happened, so they run once. */
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

/** Each may make room for another one, so they run again until none of them finds anything to do. */
const REPEATED: readonly Rule[] = [
  cancelBoots,
  drainSurplus,
  drainReplaced,
  replaceBoot,
  respawnMissing,
  forkSuccessors,
  replaceInPlace,
  completeRollout,
];

const LAST: readonly Rule[] = [electLeader, shed, announceReady, finish];

/** Two or three passes are enough, as the simulation shows. Whatever is left then is done by the next step. */
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

/** Rule: it is announced when every slot has a ready worker again, or for the first time. */
function announceReady(turn: Turn): Turn {
  const { before, fleet } = turn;
  if (isFull(before) || !isFull(fleet)) return turn;
  // During a rollout in which all workers have crashed, the stable release may have come back.
  const isNew = readyWorkers(fleet).some(({ generation }) => generation === fleet.target.id);
  const { id: generation, entry, cwd } = isNew ? fleet.target : fleet.stable;
  return announce(turn, { type: 'fleet-ready', size: fleet.slots.length, generation, entry, cwd });
}

// Tells a history: trouble, then time to reach the target, then quiet, then the end.
import { isOutdated, isRolling, isServing } from '../../src/fleet/fleet.ts';
import type { Fleet } from '../../src/fleet/fleet.ts';
import { isFull } from '../../src/fleet/reconcile.ts';
import { isActive } from '../../src/fleet/worker.ts';
import type { Policy } from '../../src/fleet/policy.ts';
import type { History, Trouble } from './history.ts';
import type { Moment } from './primary.ts';
import type { World } from './world.ts';

/** It watches a history being told. */
export interface Observer {
  trouble?(trouble: Trouble): void;
  /** After the commands were given, and before they are obeyed. */
  step?(moment: Moment): void;
  /** The trouble is over; the target was reached, or the fleet has finished, or it was given up on. */
  recovered?(): void;
  /** The trouble is over, but the releases are as they are; time has passed. */
  endured?(): void;
  ended?(): void;
}

export function tell(history: History, world: World, observers: readonly Observer[]): void {
  const { agenda, policy, primary } = world;
  world.watch = (moment) => {
    for (const observer of observers) observer.step?.(moment);
  };
  let at = history.calmMs;
  for (const [delay, trouble] of history.troubles) {
    at += delay;
    agenda.after(at, () => {
      for (const observer of observers) observer.trouble?.(trouble);
      world.strike(trouble);
    });
  }
  world.pass(at);
  world.mend(history.isMended);
  world.pass(LONGEST_SLEEP_MS, () => !primary.isAbsent);
  if (history.isMended) {
    world.pass(LONGEST_FREEZE_MS, () => !world.isAnybodyFrozen);
    world.pass(AFTERMATH_MS);
    world.pass(longestMs(policy), () => isAtTarget(primary.fleet));
    for (const observer of observers) observer.recovered?.();
    world.pass(QUIET_MS);
  } else if (canTellEarlyExits(policy)) {
    // At least a rollout has to end, one way or the other.
    world.pass(ENDURANCE_MS, () => !isRolling(primary.fleet));
    for (const observer of observers) observer.endured?.();
  }
  if (isServing(primary.fleet)) primary.hear({ type: 'stop-requested', force: false });
  world.pass(SHUTDOWN_MS);
  for (const observer of observers) observer.ended?.();
}

const LONGEST_SLEEP_MS = 120_000;
const LONGEST_FREEZE_MS = 60_000;
/** Until the last process that was born to misbehave has done so. */
const AFTERMATH_MS = 8_000;
const QUIET_MS = 6_000;
const ENDURANCE_MS = 1_200_000;
const SHUTDOWN_MS = 60_000;

/** Long enough for every deadline, one after the other. */
function longestMs({ boot, respawn, rollout, watchdog }: Policy): number {
  const once = boot.timeoutMs + respawn.backoff.maxMs + (watchdog === false ? 0 : watchdog.timeoutMs);
  return 10_000 + once + 8 * (2_000 + rollout.minReadyMs);
}

/** Where every available worker has been ready for minUptimeMs too, no exit of an available one is ever early. */
function canTellEarlyExits({ rollout, respawn }: Policy): boolean {
  return rollout.minReadyMs < respawn.minUptimeMs;
}

function isAtTarget(fleet: Fleet): boolean {
  const active = fleet.workers.filter(isActive);
  return (
    isFull(fleet) &&
    !isRolling(fleet) &&
    active.length === fleet.slots.length &&
    active.every((worker) => !isOutdated(fleet, worker))
  );
}

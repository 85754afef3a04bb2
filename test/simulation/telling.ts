// Runs a history: trouble, then time to reach the target, then quiet, then the end.
import { isOutdated, isRolling, isServing } from '../../src/fleet/fleet.ts';
import type { Fleet } from '../../src/fleet/fleet.ts';
import { isFull } from '../../src/fleet/fleet.ts';
import { isActive } from '../../src/fleet/worker.ts';
import type { Policy } from '../../src/fleet/policy.ts';
import type { History, Trouble } from './history.ts';
import type { Moment } from './primary.ts';
import type { World } from './world.ts';

/** It watches a history while it runs. */
export interface Observer {
  trouble?(trouble: Trouble): void;
  /** With the commands of the step, before they are carried out. */
  step?(moment: Moment): void;
  /** The trouble is over, and the target is reached, or the fleet has finished, or the time for it has passed. */
  recovered?(): void;
  /** The trouble is over, the releases were not mended, and time has passed. */
  endured?(): void;
  ended?(): void;
}

export function tell(history: History, world: World, observers: readonly Observer[]): void {
  const { agenda, policy, primary } = world;
  world.watch = (moment) => {
    for (const observer of observers) observer.step?.(moment);
  };
  const suffer = (troubles: History['troubles']): void => {
    let at = 0;
    for (const [delay, trouble] of troubles) {
      at += delay;
      agenda.after(at, () => {
        for (const observer of observers) observer.trouble?.(trouble);
        world.strike(trouble);
      });
    }
    world.pass(at);
  };
  world.pass(history.calmMs);
  suffer(history.troubles);
  world.mend(history.isMended);
  world.pass(LONGEST_SLEEP_MS, () => !primary.isAbsent);
  if (history.isMended) {
    world.pass(LONGEST_FREEZES_MS, () => !world.isAnyFrozen);
    world.pass(AFTERMATH_MS);
    world.pass(longestMs(policy), () => isAtTarget(primary.fleet));
    for (const observer of observers) observer.recovered?.();
    world.pass(QUIET_MS);
  } else if (canTellEarlyExits(policy)) {
    // A rollout has to end at least, one way or the other.
    world.pass(ENDURANCE_MS, () => !isRolling(primary.fleet));
    for (const observer of observers) observer.endured?.();
  }
  if (isServing(primary.fleet)) primary.hear({ type: 'stop-requested', force: false });
  suffer(history.lastTroubles);
  world.pass(LONGEST_SLEEP_MS, () => !primary.isAbsent);
  world.pass(SHUTDOWN_MS);
  for (const observer of observers) observer.ended?.();
}

const LONGEST_SLEEP_MS = 120_000;
/** A process may meet one debugger after the other, before it comes to anything else. */
const LONGEST_FREEZES_MS = 12 * 60_000;
/** Until the last process of a release that was not healthy has misbehaved. */
const AFTERMATH_MS = 8_000;
const QUIET_MS = 6_000;
const ENDURANCE_MS = 1_200_000;
const SHUTDOWN_MS = 60_000;

/** Long enough for every deadline, one after the other. */
function longestMs({ boot, respawn, rollout, watchdog, closeMs }: Policy): number {
  const once = boot.timeoutMs + respawn.backoff.maxMs + (watchdog === false ? 0 : watchdog.timeoutMs);
  // One may have to wait for the other's drain.
  const drainMs = rollout.maxDraining === Infinity ? 0 : rollout.graceMs + closeMs;
  return 10_000 + once + 8 * (2_000 + rollout.minReadyMs + drainMs);
}

/** Where a worker becomes available only after minUptimeMs, the exit of an available one is never early. */
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

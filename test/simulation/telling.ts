// Tells a history: trouble, then time to become what is wanted, then quiet, then the end.
import { isFull, isOutdated, isRolling, isServing, activeWorkers } from '../../src/fleet/fleet.ts';
import type { Fleet } from '../../src/fleet/fleet.ts';
import type { Policy } from '../../src/fleet/policy.ts';
import type { History, Trouble } from './history.ts';
import type { Moment } from './primary.ts';
import type { World } from './world.ts';

/** Whoever watches a history being told. */
export interface Observer {
  trouble?(trouble: Trouble): void;
  /** After the commands were given, and before they are obeyed. */
  step?(moment: Moment): void;
  /** The trouble is over; what is wanted was reached, or the fleet has finished, or patience is at its end. */
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
    world.pass(patienceMs(policy), () => isAsWanted(primary.fleet));
    for (const observer of observers) observer.recovered?.();
    world.pass(QUIET_MS);
  } else if (canTellEarlyDeaths(policy)) {
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
function patienceMs({ boot, respawn, rollout, watchdog }: Policy): number {
  const once = boot.timeoutMs + respawn.backoff.maxMs + (watchdog === false ? 0 : watchdog.timeoutMs);
  return 10_000 + once + 8 * (2_000 + rollout.minReadyMs);
}

/** Where whoever is proven is stable too, no death of a proven worker is ever an early one. */
function canTellEarlyDeaths({ rollout, respawn }: Policy): boolean {
  return rollout.minReadyMs < respawn.minUptimeMs;
}

function isAsWanted(fleet: Fleet): boolean {
  const staying = activeWorkers(fleet);
  return (
    isFull(fleet) &&
    !isRolling(fleet) &&
    staying.length === fleet.slots.length &&
    staying.every((worker) => !isOutdated(fleet, worker))
  );
}
